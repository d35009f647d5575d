import { sha256Hex } from "../core/hash.ts";
import type { BodyChecker } from "./body.ts";
import type { CheckedCapture, NewCapture } from "./capture.ts";

/**
 * Hashes and checks a body. `capturedAt` gives the capture's time; it gets the parsed body (null where that failed), which may say it.
 * `value` is the parsed body, null where it failed; let go of it soon, it is several times as large as the bytes.
 */
export function checkCapture(
  capture: Omit<NewCapture, "capturedAt">,
  checker: BodyChecker,
  capturedAt: (value: object | null) => string,
): { readonly checked: CheckedCapture; readonly value: object | null } {
  const { endpoint, method, parameters, url, status, kind, body } = capture;
  const verdict = checker.check(body);
  const value = verdict.ok ? verdict.value : null;
  const shape = verdict.ok ? verdict.shape : null;
  const failure = verdict.ok ? null : verdict.failure;
  const checked = {
    endpoint,
    method,
    parameters,
    url,
    status,
    kind,
    body,
    capturedAt: capturedAt(value),
    contentHash: sha256Hex(body),
    shape,
    failure,
  };
  return { checked, value };
}
