import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/**
 * As much of Redis as counting needs, after https://redis.io/docs/latest/develop/reference/protocol-spec/:
 * HELLO, CLIENT, MULTI, EXEC, INCR, PEXPIRE. So the tests run where no Redis is.
 */
export async function startRedis(port = 0) {
  const counts = new Map<string, number>()
  const expiries = new Map<string, number>()
  const sockets = new Set<Socket>()
  /** While true it takes commands and answers none. */
  const state = { hangs: false }

  const commands: Record<string, (...args: string[]) => string> = {
    HELLO: () => '%1\r\n+proto\r\n:3\r\n',
    CLIENT: () => '+OK\r\n',
    INCR: (key = '') => {
      counts.set(key, (counts.get(key) ?? 0) + 1)
      return `:${counts.get(key)}\r\n`
    },
    PEXPIRE: (key = '', ms = '') => {
      expiries.set(key, Number(ms))
      return ':1\r\n'
    },
  }

  const server = createServer((socket) => {
    sockets.add(socket.setEncoding('utf8'))
    let text = ''
    let queued: string[] | undefined
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: string) => {
      text += chunk
      for (let command = take(); command && !state.hangs; command = take()) socket.write(answer(command))
    })

    /** The next whole command, an array of bulk strings; only ASCII is sent here. */
    function take(): string[] | undefined {
      const [head = '', ...lines] = text.split('\r\n')
      const count = Number(head.slice(1))
      if (!head.startsWith('*') || lines.length <= count * 2) return undefined
      text = lines.slice(count * 2).join('\r\n')
      return lines.slice(0, count * 2).filter((_, i) => i % 2 === 1)
    }

    function answer([name = '', ...args]: string[]): string {
      const verb = name.toUpperCase()
      if (verb === 'MULTI') {
        queued = []
        return '+OK\r\n'
      }
      if (verb === 'EXEC') {
        const replies = queued ?? []
        queued = undefined
        return `*${replies.length}\r\n${replies.join('')}`
      }
      const reply = commands[verb]?.(...args) ?? `-ERR unknown command '${verb}'\r\n`
      if (!queued) return reply
      queued.push(reply)
      return '+QUEUED\r\n'
    }
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    counts,
    expiries,
    state,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
