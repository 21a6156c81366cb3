import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

type Files = Record<string, string | object>

/** A FHIR package as a .tgz; names as they are below `package/`. */
export function archiveOf(files: Files): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) =>
    tarEntry(`package/${name}`, Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))),
  )
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

/** POSIX ustar; a long name stands before its file in an entry of its own, as GNU's tar writes it. */
function tarEntry(name: string, content: Buffer, kind = '0'): Buffer[] {
  if (Buffer.byteLength(name) > 100)
    return [...tarEntry('././@LongLink', Buffer.from(`${name}\0`), 'L'), ...tarEntry(name.slice(0, 100), content)]
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('        ', 148)
  header.write(kind, 156)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]
}

/** What a package registry answers, as those of FHIR do: the contract that ours is written against. */
export class FakeRegistry {
  readonly asked: string[] = []
  /** By name, then version. */
  readonly packages: Record<string, Record<string, Buffer>> = {}
  /** Archives that do not have the sum which is listed. */
  readonly tampered = new Set<string>()
  url = ''
  private readonly server: Server = createServer((request, response) => {
    this.asked.push(request.url!)
    const [name = '', version] = request.url!.slice(1).split('/')
    const versions = this.packages[name]
    if (!versions || (version !== undefined && !versions[version])) return response.writeHead(404).end('{}')
    if (version !== undefined) {
      const archive = versions[version]!
      return response.end(this.tampered.has(`${name}@${version}`) ? Buffer.concat([archive, Buffer.of(0)]) : archive)
    }
    const listed = Object.entries(versions).map(([one, archive]) => [
      one,
      { name, version: one, dist: { tarball: `${this.url}/${name}/${one}`, shasum: sha1(archive) } },
    ])
    const tags = { latest: Object.keys(versions).at(-1) }
    response.end(JSON.stringify({ name, 'dist-tags': tags, versions: Object.fromEntries(listed) }))
  })

  add(name: string, version: string, files: Files, manifest: object = {}): this {
    const about = { name, version, fhirVersions: ['4.0.1'], ...manifest }
    this.packages[name] = { ...this.packages[name], [version]: archiveOf({ 'package.json': about, ...files }) }
    return this
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
    return this
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

const sha1 = (content: Buffer) => createHash('sha1').update(content).digest('hex')
