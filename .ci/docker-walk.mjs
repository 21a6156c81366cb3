// Walks the Dockerfile without a container engine: its steps run in folders of a temporary one, with this machine's
// node in place of the base image. Then the server is started as the image would start it: as an ordinary user, with
// nothing to write to but its volumes; its health check must succeed and STOPSIGNAL must end it in good order.
//
//   node .ci/docker-walk.mjs
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const project = dirname(dirname(fileURLToPath(import.meta.url)))
const isRoot = process.getuid?.() === 0
/** In place of the image's user: one that every system has. */
const nobody = isRoot ? { uid: 65534, gid: 65534 } : {}

/** One `FROM`: its folder stands for `/`. */
class Stage {
  workdir = '/'
  env = {}
  user = 'root'
  volumes = []
  stopSignal = 'SIGTERM'

  constructor(folder) {
    this.folder = folder
    mkdirSync(folder)
  }

  /** Where a path of the image is on this machine. */
  at(path) {
    return join(this.folder, resolve(this.workdir, path))
  }
}

const steps = {
  FROM(text, walk) {
    const [, name = 'image'] = / AS (\S+)$/i.exec(text) ?? []
    walk.stage = new Stage(join(walk.folder, name))
    walk.stages.set(name, walk.stage)
  },
  WORKDIR(path, { stage }) {
    stage.workdir = resolve(stage.workdir, path)
    mkdirSync(stage.at('.'), { recursive: true })
  },
  ENV(text, { stage }) {
    for (const [, name, value] of text.matchAll(/(\w+)=(\S*)/g)) stage.env[name] = value
  },
  COPY(text, { stage, stages }) {
    const words = text.split(/\s+/)
    const options = words.filter((word) => word.startsWith('--'))
    const paths = words.filter((word) => !word.startsWith('--'))
    const target = paths.pop()
    const from = stages.get(options.find((option) => option.startsWith('--from='))?.slice(7))
    for (const path of paths) {
      const source = from ? from.at(path) : join(project, path)
      // A folder's content goes into the target, a file beside the others or in place of it.
      const isFolder = target.endsWith('/')
      const goal = stage.at(isFolder ? join(target, basename(path)) : target)
      const filter = from ? undefined : (file) => !isIgnored(relative(project, file))
      cpSync(source, goal, { recursive: true, verbatimSymlinks: true, filter })
      if (isRoot && options.some((option) => /^--chown=(?!root)/.test(option))) chownSync(goal, nobody.uid, nobody.gid)
    }
  },
  RUN(command, { stage }) {
    const { PATH, HOME } = process.env
    const { status } = spawnSync('sh', ['-c', command], {
      cwd: stage.at('.'),
      env: { PATH, HOME, ...stage.env },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if (status !== 0) throw new Error(`exit code ${status}`)
  },
  USER(name, { stage }) {
    stage.user = name
  },
  VOLUME(path, { stage }) {
    stage.volumes.push(path)
  },
  EXPOSE() {},
  STOPSIGNAL(name, { stage }) {
    stage.stopSignal = name
  },
  HEALTHCHECK(text, { stage }) {
    stage.health = JSON.parse(text.slice(text.indexOf('CMD ') + 4))
  },
  ENTRYPOINT(text, { stage }) {
    stage.entrypoint = JSON.parse(text)
  },
}

/** `.dockerignore`: the last rule that names the path, or a folder around it, decides. */
const rules = readFileSync(join(project, '.dockerignore'), 'utf8').split('\n').filter(Boolean)
function isIgnored(path) {
  const matches = (pattern) => pattern === '*' || path === pattern || path.startsWith(`${pattern}/`)
  const rule = rules.findLast((rule) => matches(rule.replace(/^!/, '')))
  return path !== '' && rule !== undefined && !rule.startsWith('!')
}

/** The Dockerfile's steps, `RUN npm ci`, without comments and with continued lines joined. */
function stepsOf(text) {
  return text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim())
}

async function serve(stage) {
  if (stage.user === 'root') throw new Error('The image runs as root')
  const port = await freePort()
  const places = Object.entries(stage.env).map(([name, value]) => [name, isAbsolute(value) ? stage.at(value) : value])
  // A temporary folder that is not there: on a read-only root file system it could not be written either.
  const env = { PATH: process.env.PATH, TMPDIR: stage.at('/tmp'), ...Object.fromEntries(places), PORT: String(port) }
  const options = { ...nobody, cwd: stage.at('.'), env }
  const said = []
  const [program, ...args] = stage.entrypoint
  const server = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => said.push(text))
  const ended = once(server, 'exit')
  try {
    const healthy = () => spawnSync(stage.health[0], stage.health.slice(1), options).status === 0
    for (let seconds = 0; !healthy(); seconds++) {
      if (server.exitCode !== null || seconds === 60) throw new Error('The health check does not succeed')
      await sleep(1000)
    }
    console.log('▸ the health check succeeds')
    server.kill(stage.stopSignal)
    const [code] = await Promise.race([ended, sleep(30_000, ['none after 30 s'])])
    if (code !== 0) throw new Error(`Exit code after ${stage.stopSignal}: ${code}`)
    console.log(`▸ ${stage.stopSignal} ends it with exit code 0`)
  } catch (error) {
    console.error(said.join(''))
    throw error
  } finally {
    if (server.exitCode === null) server.kill('SIGKILL')
  }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  return port
}

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'ingle-docker-'))
process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1))
process.once('exit', () => {
  spawnSync('chmod', ['-R', 'u+w', folder])
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
chmodSync(folder, 0o755)

const walk = { folder, stages: new Map(), stage: undefined }
for (const step of stepsOf(readFileSync(join(project, 'Dockerfile'), 'utf8'))) {
  const [, name, text] = /^(\w+)\s+(.*)$/.exec(step)
  console.log(`▸ ${name} ${text.replace(/\s+/g, ' ')}`)
  if (!steps[name]) throw new Error(`${name} is not known here`)
  steps[name](text, walk)
}
const { stage } = walk
spawnSync('chmod', ['-R', 'a-w', stage.folder])
for (const path of stage.volumes) chmodSync(stage.at(path), 0o755)
await serve(stage)
