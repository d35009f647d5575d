import { pino } from "pino";
import type { DestinationStream } from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One thing that happened: `capture.stored`, with its data. Never a secret, never a body. */
export interface LogEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Logger {
  debug(event: LogEvent): void;
  info(event: LogEvent): void;
  warn(event: LogEvent): void;
  error(event: LogEvent): void;
}

/** Takes what a log line is written with: stderr. */
export interface LogSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Logs to `sink` (stderr): one JSON object per line, or a readable line where it is a terminal. */
export function createLogger(level: LogLevel, sink: LogSink): Logger {
  const stream: DestinationStream =
    sink.isTTY === true ? { write: (line) => void sink.write(readableLine(line)) } : { write: (line) => void sink.write(line) };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"at":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return {
    debug: (event) => {
      logger.debug(event);
    },
    info: (event) => {
      logger.info(event);
    },
    warn: (event) => {
      logger.warn(event);
    },
    error: (event) => {
      logger.error(event);
    },
  };
}

/** `10:15:02 warn  capture.failed endpoint=game bytes=812`. */
function readableLine(line: string): string {
  const { level, at, event, ...fields } = JSON.parse(line) as { level: string; at: string; event: string; [field: string]: unknown };
  const data = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  return `${at.slice(11, 19)} ${level.padEnd(5)} ${event}${data.join("")}\n`;
}
