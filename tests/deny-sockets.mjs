// Preloaded into a child process: whoever opens a socket or resolves a name ends the process with 99.
import dgram from "node:dgram";
import dns from "node:dns";
import net from "node:net";

const deny = (what) => () => {
  process.stderr.write(`a socket was opened: ${what}\n`);
  // oxlint-disable-next-line unicorn/no-process-exit -- the child must end before the socket is there
  process.exit(99);
};
net.Socket.prototype.connect = deny("connect");
net.Server.prototype.listen = deny("listen");
dgram.createSocket = deny("dgram");
dns.lookup = deny("lookup");
dns.promises.lookup = deny("lookup");
globalThis.fetch = deny("fetch");
