import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** A server between a client and another server, which can cut what runs through it. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Decides on each piece that a client sends, before it is passed on; false cuts its connection and passes nothing on. */
  onClientData: (data: Buffer) => boolean = () => true;
  /** The same for each piece that the server sends. */
  onServerData: (data: Buffer) => boolean = () => true;
  /** Connections so far. */
  accepted = 0;
  /** Cuts so far that met an open connection. */
  cuts = 0;
  /** After so many more bytes, of either direction and wherever that is inside of a piece, cuts: the connection that they are of, or all. */
  cutAfter: { readonly bytes: number; readonly all: boolean } | null = null;
  /** Bytes so far, of both directions. */
  passed = 0;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    server.on("connection", (client) => {
      this.accepted += 1;
      const target = connect(targetPort, "127.0.0.1");
      const pair = [client, target] as const;
      this.#pairs.add(pair);
      const pass = (from: Socket, to: Socket, isPassed: (data: Buffer) => boolean): void => {
        from.on("data", (data: Buffer) => {
          if (!isPassed(data)) this.#cutPair(pair);
          else if (this.#isLast(data.length)) this.#passPart(to, data, pair);
          else if (!to.write(data)) {
            from.pause();
            to.once("drain", () => from.resume());
          }
        });
        from.on("end", () => to.end());
        // What fails is one of the ends that are looked at by those at the ends.
        from.on("error", () => to.destroy());
        from.on("close", () => this.#pairs.delete(pair));
      };
      pass(client, target, (data) => this.onClientData(data));
      pass(target, client, (data) => this.onServerData(data));
    });
  }

  /** Listens on a port of its own, for a server of this machine. */
  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, targetPort);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all connections, as a network does that fails: without a goodbye. */
  cut(): void {
    for (const pair of this.#pairs) this.#cutPair(pair);
  }

  /** Counts; whether the cut comes in the middle of these bytes. */
  #isLast(bytes: number): boolean {
    this.passed += bytes;
    if (this.cutAfter === null) return false;
    if (this.cutAfter.bytes < bytes) return true;
    this.cutAfter = { ...this.cutAfter, bytes: this.cutAfter.bytes - bytes };
    return false;
  }

  #passPart(to: Socket, data: Buffer, pair: readonly [Socket, Socket]): void {
    const { bytes = 0, all = false } = this.cutAfter ?? {};
    this.cutAfter = null;
    to.write(data.subarray(0, bytes), () => {
      if (all) this.cut();
      this.#cutPair(pair);
    });
  }

  #cutPair(pair: readonly [Socket, Socket]): void {
    if (this.#pairs.delete(pair)) this.cuts += 1;
    for (const socket of pair) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
