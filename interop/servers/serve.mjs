// What the servers of this folder share: a listener, and a task for each connection.

/** A program that serves each connection of a TCP port with `talk(connection, args, process)`. */
export const tcpServer = (name, talk) => ({
  name,
  summary: '',
  usage: `usage: ${name} PORT`,
  async main(process) {
    const [port, ...args] = process.args;
    const listener = process.sockets.create_server(['', Number(port)], { backlog: 128 });
    process.print('ready\n');
    for (;;) {
      const [connection] = await listener.accept();
      talk(connection, args, process)
        .catch((error) => process.print(`${name}: ${error.code} ${error.syscall}\n`))
        .finally(() => connection.close());
    }
  },
});
