import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../src/base/root.js'

/** The built server as a process of its own, as `npm start` runs it. */
export interface Server {
  pid: number
  /** What it has told people so far. */
  said(): string
  /** `http://127.0.0.1:port`; fails with what it said when it ends instead. */
  url: Promise<string>
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>
  kill(signal: NodeJS.Signals): void
}

const running = new Set<ChildProcess>()

/** @param settings  in place of the environment's; `PORT` is a free one */
export function serve(settings: Record<string, string>): Server {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [join(root, 'dist/src/main.js')], {
    env: { PATH, HOME, PORT: '0', LOG_LEVEL: 'warn', ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.add(child)
  let text = ''
  const url = new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const [, found] = /serves FHIR R4 at (\S+)\/fhir/.exec(text) ?? []
      if (found) resolve(found)
    })
    child.once('close', () => reject(new Error(`ended: ${text}`)))
  })
  url.catch(() => {})
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal!)
    })
  })
  return { pid: child.pid!, said: () => text, url, ended, kill: (signal) => void child.kill(signal) }
}

/** Runs the server to its end. */
export async function serveInVain(settings: Record<string, string>): Promise<{ code: unknown; said: string }> {
  const server = serve(settings)
  const code = await server.ended
  return { code, said: server.said().trim() }
}

/** A path for a data folder, with nothing there yet. */
export function newFolder(): string {
  const parent = mkdtempSync(join(realpathSync(tmpdir()), 'ingle-start-'))
  folders.push(parent)
  return join(parent, 'data')
}
const folders: string[] = []

/** PostgreSQL's processes of a data folder. */
export function postgresesOf(dir: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readlinkSync(`/proc/${pid}/cwd`) === join(dir, 'postgres')
      } catch {
        return false // It is not a process, or ended meanwhile.
      }
    })
}

/** For afterAll: nothing stays, whatever failed. */
export function cleanUp(): void {
  for (const child of running) child.kill('SIGKILL')
  for (const parent of folders) {
    for (const pid of postgresesOf(join(parent, 'data'))) killQuietly(pid)
    rmSync(parent, { recursive: true, force: true, maxRetries: 10 })
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** Asks until the answer has this status. */
export async function until(status: number, url: string, ms = 10_000): Promise<void> {
  let last: unknown
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    last = await fetch(url).then(
      (answer) => answer.status,
      (error: Error) => error.message,
    )
    if (last === status) return
  }
  throw new Error(`${url} answers ${last}, not ${status}`)
}
