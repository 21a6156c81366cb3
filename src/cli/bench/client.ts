import { connect, type Socket } from 'node:net'

/** An answer as it came; the body is parsed only by those who must know more than its shape. */
export interface Answer {
  status: number
  head: string
  body: Buffer
}

const endOfHead = '\r\n\r\n'

/**
 * One HTTP/1.1 connection with one request at a time. It does no more than a benchmark on the server's own machine
 * needs, since what the client costs is missing from the server: node:http takes several times the CPU.
 */
export class Client {
  private readonly host: string
  private readonly port: number
  private readonly prefix: string
  private readonly headers: string
  private socket: Socket | undefined
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined
  private chunks: Buffer[] = []
  private bytes = 0
  private head = ''
  /** Bytes of head and body; unknown until the head is there, -1 for a chunked body. */
  private expected: number | undefined

  constructor(base: string) {
    const url = new URL(base)
    this.host = url.hostname
    this.port = Number(url.port || 80)
    this.prefix = url.pathname.replace(/\/$/, '')
    this.headers = `host: ${url.host}\r\naccept: application/fhir+json\r\n`
  }

  /** @param path  below the base, already encoded: `/Patient?name=a%20b` */
  async request(method: string, path: string, body?: Buffer | string): Promise<Answer> {
    this.socket ??= await this.open()
    const socket = this.socket
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
      let head = `${method} ${this.prefix}${path || '/'} HTTP/1.1\r\n${this.headers}`
      if (body === undefined) {
        socket.write(`${head}\r\n`, 'latin1')
        return
      }
      head += `content-type: application/fhir+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
      socket.cork()
      socket.write(head, 'latin1')
      socket.write(body)
      socket.uncork()
    })
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path)
  }

  close(): void {
    this.socket?.removeAllListeners().destroy()
    this.socket = undefined
  }

  private open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: this.host, port: this.port, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        socket.on('error', (error) => this.fail(error))
        socket.on('close', () => this.fail(new Error('the server closed the connection')))
        socket.on('data', (chunk) => this.read(chunk))
        resolve(socket)
      })
    })
  }

  private fail(error: Error) {
    this.close()
    this.chunks = []
    this.bytes = 0
    this.expected = undefined
    this.waiting?.reject(error)
    this.waiting = undefined
  }

  private read(chunk: Buffer) {
    this.chunks.push(chunk)
    this.bytes += chunk.length
    if (this.expected === undefined) this.readHead()
    if (this.expected === undefined || this.bytes < this.expected) return
    const whole = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks)
    const content = whole.subarray(this.head.length + endOfHead.length)
    const body = this.expected === -1 ? unchunked(content) : content
    if (!body) return
    const answer = { status: Number(this.head.slice(9, 12)), head: this.head, body }
    const { waiting } = this
    this.chunks = []
    this.bytes = 0
    this.expected = undefined
    this.waiting = undefined
    if (/\r\nconnection: close/i.test(this.head)) this.close()
    waiting?.resolve(answer)
  }

  private readHead() {
    const received = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks)
    const end = received.indexOf(endOfHead)
    if (end < 0) return
    this.head = received.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.head)?.[1]
    if (length) this.expected = end + endOfHead.length + Number(length)
    else this.expected = /\r\ntransfer-encoding: *chunked/i.test(this.head) ? -1 : end + endOfHead.length
  }
}

/** The content of a chunked body, or undefined while its last chunk is missing. */
function unchunked(body: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16)
    const start = lineEnd + 2
    if (body.length < start + size + 2) return undefined
    if (size === 0) return Buffer.concat(parts)
    parts.push(body.subarray(start, start + size))
    at = start + size + 2
  }
}
