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

  #cutPair(pair: readonly [Socket, Socket]): void {
    for (const socket of pair) socket.resetAndDestroy();
    this.#pairs.delete(pair);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
