import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CannotStart } from '../base/cannot-start.js'
import type { Config } from '../base/config.js'

/**
 * Makes a server listen at the address that the settings name.
 *
 * @returns where it is reached: `http://127.0.0.1:8080`
 * @throws CannotStart  nobody can listen there
 */
export async function listen(server: Server, { host, port }: Pick<Config, 'host' | 'port'>): Promise<string> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    throw refusal(host, port, cause)
  }
  return `http://${shown(host)}:${(server.address() as AddressInfo).port}`
}

/** Refuses new connections and ends when every request is answered; what takes longer is cut off. */
export async function drain(server: Server, seconds: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  // A connection that is kept alive would hold the server open although nothing is asked on it.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const limit = setTimeout(() => server.closeAllConnections(), seconds * 1000)
  await closed
  clearInterval(idle)
  clearTimeout(limit)
}

function refusal(host: string, port: number, cause: unknown): unknown {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} of ${host} is in use; stop what listens there, or choose another with PORT=${port + 1}`,
    EACCES: `Port ${port} may not be used by this user; choose one from 1024 on with PORT=8080`,
    EADDRNOTAVAIL: `HOST is ${host}, which is no address of this machine; set it to 127.0.0.1 or 0.0.0.0`,
    ENOTFOUND: `HOST is ${host}, which is not known; set it to 127.0.0.1 or 0.0.0.0`,
    EAI_AGAIN: `HOST is ${host}, which is not known; set it to 127.0.0.1 or 0.0.0.0`,
  }
  const reason = reasons[(cause as NodeJS.ErrnoException).code ?? '']
  return reason ? new CannotStart(reason, { cause }) : cause
}

/** An address that a client on this machine can use. */
function shown(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
