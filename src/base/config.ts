import { resolve } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'

/**
 * Every setting, once: each row is a JSON Schema property (so that ajv checks it), the type of a field of `Config`
 * and a line of the README. A setting without `default` may be absent.
 */
const settings = {
  PORT: whole(8080, 0, 65_535, 'TCP port of the HTTP server; 0 takes a free one.'),
  HOST: text('Address to listen on; `0.0.0.0` for every interface.', { default: '127.0.0.1', pattern: '^[^\\s/]+$' }),
  INGLE_DATA_DIR: text('Folder of the embedded PostgreSQL; made when it is missing.', { default: './.data' }),
  DATABASE_URL: text('PostgreSQL to use instead of the embedded one, `postgres://user:password@host:5432/name`.', {
    format: 'postgres-url',
    secret: true,
  }),
  REDIS_URL: text('Redis that several servers share; without it limits are kept in memory.', {
    format: 'redis-url',
    secret: true,
  }),
  BASE_URL: text("Public address of the server, before `/fhir`; without it the request's own `Host` is used.", {
    format: 'http-url',
  }),
  LOG_LEVEL: oneOf(['info', 'fatal', 'error', 'warn', 'debug', 'trace', 'silent'], 'Least level that is logged.'),
  WEB_CONCURRENCY: whole(1, 1, 64, 'Processes that serve requests.'),
  INGLE_MAX_BODY_BYTES: whole(64 * 1024 * 1024, 1024, 512 * 1024 * 1024, 'Largest request body; over it is 413.'),
  INGLE_POOL_MIN: whole(20, 0, { $data: '1/INGLE_POOL_MAX' }, 'PostgreSQL sessions that each process keeps open.'),
  INGLE_POOL_MAX: whole(60, 2, 1000, 'PostgreSQL sessions that each process may open.'),
  INGLE_POOL_ACQUIRE_MS: whole(5000, 1, 600_000, 'How long a request waits for a session before it is answered 503.'),
  INGLE_SESSION_MAX_SECONDS: whole(3600, 1, 86_400, 'Age at which a PostgreSQL session is replaced.'),
  INGLE_COMPRESS_FROM_BYTES: whole(
    1024,
    0,
    1024 * 1024 * 1024,
    'Answers of this size or more are compressed for clients that accept it; 0 for never.',
  ),
  INGLE_REQUEST_TIMEOUT_MS: whole(30_000, 100, 3_600_000, 'Time a request may take.'),
  INGLE_DEFAULT_COUNT: whole(20, 1, { $data: '1/INGLE_MAX_COUNT' }, 'Entries of a page when `_count` is absent.'),
  INGLE_MAX_COUNT: whole(1000, 1, 100_000, 'Largest `_count`; more is lowered to it.'),
  INGLE_MAX_INCLUDES: whole(1000, 0, 100_000, 'Resources that `_include` and `_revinclude` may add to a page.'),
  INGLE_MAX_TRANSACTION_ENTRIES: whole(10_000, 1, 1_000_000, 'Entries that a batch or transaction may have.'),
  INGLE_MAX_CONDITIONAL_DELETES: whole(
    1,
    1,
    100_000,
    'Resources that a DELETE by criteria may delete at once; when more match it is 412 and none is.',
  ),
  INGLE_MAX_EXPANSION: whole(1000, 1, 1_000_000, 'Codes that an expansion without `count` may have.'),
  INGLE_EXPUNGE_ENABLED: oneOf(['off', 'on'], 'Whether `$expunge` may remove resources and versions for good.'),
  INGLE_FHIRPATH_TIMEOUT_MS: whole(2000, 10, 600_000, 'Time that `$fhirpath` may evaluate an expression.'),
  INGLE_GRAPHQL_INTROSPECTION: oneOf(
    ['off', 'on'],
    'Whether GraphQL clients may ask for the schema: 20 MB, and seconds in which nobody else is served.',
  ),
  INGLE_GRAPHQL_MAX_DEPTH: whole(20, 1, 200, 'Levels of fields that a GraphQL query may have.'),
  INGLE_GRAPHQL_MAX_FIELDS: whole(2000, 1, 100_000, 'Fields that a GraphQL query may have, fragments written out.'),
  INGLE_GRAPHQL_MAX_ALIASES: whole(200, 0, 100_000, 'Aliases that a GraphQL query may have, fragments written out.'),
  INGLE_GRAPHQL_MAX_SEARCHES: whole(100, 0, 10_000, 'Searches, and reads of old versions, for one GraphQL query.'),
  INGLE_GRAPHQL_MAX_RESOURCES: whole(10_000, 1, 1_000_000, 'Resources that the answer to a GraphQL query may have.'),
  INGLE_CONTENT_CACHE_BYTES: whole(
    32 * 1024 * 1024,
    0,
    16 * 1024 * 1024 * 1024,
    'Content that searches served lately, kept at hand by each process.',
  ),
  INGLE_SEARCH_HANDLING: oneOf(
    ['strict', 'lenient'],
    'An unknown search parameter is 400, or left out with a warning.',
  ),
  INGLE_VALIDATION: oneOf(
    ['full', 'structure', 'asked'],
    'What every write is checked for: all, or only the form of its type; `asked`: all, unless `Prefer: validation=structure` asks for less.',
  ),
  INGLE_VALIDATION_DEFINITIONS: oneOf(
    ['lenient', 'full'],
    'Profiles, ValueSets, Questionnaires and other definitions are refused only for what keeps them from being read, or for all that is wrong.',
  ),
  INGLE_VALIDATION_ISSUES: whole(100, 1, 10_000, 'Issues that are listed of one resource; of more there is a note.'),
  INGLE_VALIDATION_PREFERRED: oneOf(
    ['off', 'information'],
    'A code outside a preferred binding is passed over, or said.',
  ),
  INGLE_VALIDATION_VITAL_SIGNS: oneOf(
    ['warning', 'error'],
    'What is a vital sign by its code, and not as R4 has its profile, is warned of, or refused.',
  ),
  INGLE_VALIDATION_DISPLAYS: oneOf(
    ['warning', 'error'],
    'A display that is none of its code is warned of, or refused.',
  ),
  INGLE_VALIDATION_BEST_PRACTICE: oneOf(
    ['warning', 'information', 'off', 'error'],
    'How it is said that a constraint is not kept that only says what is good.',
  ),
  INGLE_RULES_DIR: text('Folder of further rules, as those of profiles/rules.', {}),
  INGLE_RULES_OFF: text('Rules that are left out: their ids, with commas between.', {
    pattern: '^[a-z0-9-]+(,[a-z0-9-]+)*$',
    allowed: 'ids of rules',
  }),
  INGLE_PACKAGES: text('List of the packages that the server starts with; its lock file lies beside it.', {
    default: './profiles/packages.json',
  }),
  INGLE_PACKAGE_REGISTRY: text('Where packages of implementation guides are fetched.', {
    default: 'https://packages.fhir.org',
    format: 'http-url',
  }),
  INGLE_REFERENCES: text(
    'References to what is not here are refused, said or passed over; after it types with another word.',
    {
      default: 'warn',
      pattern: '^(enforce|warn|off)(,[A-Z][A-Za-z]+=(enforce|warn|off))*$',
      allowed: 'enforce, warn or off, then `,Type=…` for types that differ',
    },
  ),
  INGLE_RATE_LIMIT: whole(0, 0, 10_000_000, 'Requests a minute for each client; 0 is no limit.'),
  INGLE_AUTH_JWKS_URL: text('Keys of the identity provider; without it nobody is asked for a token.', {
    format: 'http-url',
  }),
  INGLE_AUTH_ISSUER: text('`iss` that a token must have.', {}),
  INGLE_AUTH_AUDIENCE: text('`aud` that a token must have.', {}),
  INGLE_ASYNC_AT_ONCE: whole(4, 1, 1000, 'Requests with `Prefer: respond-async` that each process works on at once.'),
  INGLE_ASYNC_KEEP_SECONDS: whole(86_400, 1, 31_536_000, 'How long the answer to such a request can be fetched.'),
  INGLE_EXPORT_KEEP_SECONDS: whole(86_400, 1, 31_536_000, 'How long the files of an `$export` can be fetched.'),
  INGLE_TERMINOLOGY_DIR: text(
    'Folder on the server from which `$load-terminology` may load; without it, from none.',
    {},
  ),
  INGLE_SHUTDOWN_SECONDS: whole(20, 0, 3600, 'Time that running requests get to finish after SIGTERM.'),
  INGLE_REINDEX_SLICE: whole(200, 1, 10_000, 'Resources that `$reindex` looks at in one transaction.'),
  INGLE_REINDEX_PAUSE_MS: whole(20, 0, 60_000, 'Pause of `$reindex` between two transactions.'),
  INGLE_SLOW_QUERY_MS: whole(250, 0, 3_600_000, 'A statement that takes longer is logged.'),
}

type Settings = typeof settings
type Name = keyof Settings

/** `INGLE_MAX_BODY_BYTES` → `maxBodyBytes`, `DATABASE_URL` → `databaseUrl`. */
type Field<N extends string> = N extends `INGLE_${infer Rest}` ? Camel<Rest> : Camel<N>
type Camel<N extends string> = N extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Tail>>}`
  : Lowercase<N>
type Value<S> = S extends { type: 'integer' } ? number : S extends { enum: readonly (infer Word)[] } ? Word : string

/** The settings as the rest of the server sees them; what has no default and is not set is `undefined`. */
export type Config = {
  readonly [N in Name as Settings[N] extends { default: unknown } ? Field<N> : never]: Value<Settings[N]>
} & {
  readonly [N in Name as Settings[N] extends { default: unknown } ? never : Field<N>]?: Value<Settings[N]>
}

/** The environment is not usable; the message has one line for each setting at fault. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

const schema = {
  type: 'object',
  properties: settings,
  additionalProperties: false,
  dependencies: { INGLE_AUTH_JWKS_URL: ['INGLE_AUTH_ISSUER', 'INGLE_AUTH_AUDIENCE'] },
}

const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, $data: true })
ajv.addVocabulary(['about', 'allowed', 'secret'])
ajv.addFormat('postgres-url', (value) => isUrl(value, ['postgres:', 'postgresql:']))
ajv.addFormat('redis-url', (value) => isUrl(value, ['redis:', 'rediss:']))
ajv.addFormat('http-url', (value) => isUrl(value, ['http:', 'https:']))
const validate = ajv.compile(schema)

/**
 * The settings, checked, with defaults filled in, frozen. The only reader of the environment.
 * A variable that is empty counts as not set; variables that are neither ours nor `INGLE_…` are not looked at.
 *
 * @throws ConfigError  with every fault found, a line each
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const found: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value && (name in settings || name.startsWith('INGLE_'))) found[name] = parse(name, value)
  }
  if (!validate(found)) throw new ConfigError(validate.errors!.map(explain).join('\n'))
  const config = Object.fromEntries(Object.entries(found).map(([name, value]) => [field(name), value]))
  config.dataDir = resolve(config.dataDir as string)
  if (config.baseUrl) config.baseUrl = (config.baseUrl as string).replace(/\/+$/, '')
  return Object.freeze(config) as unknown as Config
}

/** The settings as a Markdown table for the README. */
export function settingsTable(): string {
  const rows = Object.entries<Setting>(settings).map(
    ([name, setting]) => `| \`${name}\` | ${shownDefault(setting)} | ${allowed(setting)} | ${setting.about} |`,
  )
  return ['| Setting | Default | Allowed | Meaning |', '|---|---|---|---|', ...rows].join('\n')
}

interface Setting {
  type: string
  about: string
  default?: string | number
  minimum?: number
  maximum?: number | { $data: string }
  enum?: readonly string[]
  format?: string
  pattern?: string
  allowed?: string
  secret?: boolean
}

function whole(value: number, minimum: number, maximum: number | { $data: string }, about: string) {
  return { type: 'integer' as const, default: value, minimum, maximum, about }
}

function text<More extends Partial<Setting>>(about: string, more: More) {
  return { type: 'string' as const, about, ...more }
}

/** The first word is the default. */
function oneOf<const Word extends string>(words: readonly [Word, ...Word[]], about: string) {
  return { type: 'string' as const, default: words[0], enum: words, about }
}

/** Digits become a number; anything else stays text, so that ajv finds `8080x` and `1e3` not to be integers. */
function parse(name: string, value: string): string | number {
  const setting: Setting | undefined = settings[name as Name]
  return setting?.type === 'integer' && /^-?\d+$/.test(value) ? Number(value) : value
}

function field(name: string): string {
  return name
    .replace(/^INGLE_/, '')
    .toLowerCase()
    .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

function isUrl(value: string, protocols: string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol)
}

function explain(error: ErrorObject): string {
  if (error.keyword === 'additionalProperties') {
    const name: string = error.params.additionalProperty
    return `${name} is not a setting; the nearest is ${nearest(name, Object.keys(settings))}`
  }
  if (error.keyword === 'dependencies') {
    return `${error.params.missingProperty} is not set; ${error.params.property} needs it`
  }
  const name = error.instancePath.slice(1) as Name
  const setting: Setting = settings[name]
  const value = setting.secret ? 'not usable (its value is not shown)' : JSON.stringify(error.data)
  return `${name} is ${value}; allowed is ${allowed(setting)}`
}

const formats: Record<string, string> = {
  'postgres-url': 'a URL that starts with `postgres://`',
  'redis-url': 'a URL that starts with `redis://` or `rediss://`',
  'http-url': 'a URL that starts with `http://` or `https://`',
}

function allowed(setting: Setting): string {
  if (setting.enum) return setting.enum.join(', ')
  if (setting.type === 'string')
    return setting.allowed ?? formats[setting.format ?? ''] ?? (setting.pattern ? 'a host name or address' : 'text')
  const maximum = typeof setting.maximum === 'object' ? setting.maximum.$data.slice(2) : setting.maximum
  return `a whole number from ${setting.minimum} to ${maximum}`
}

function shownDefault({ default: value }: Setting): string {
  return value === undefined ? 'none' : `\`${value}\``
}

/** The candidate that continues the word, or the one with the fewest letters to insert, delete or replace. */
function nearest(word: string, candidates: string[]): string {
  const longer = candidates.find((candidate) => candidate.startsWith(word))
  if (longer) return longer
  const distances = candidates.map((candidate) => distance(word, candidate))
  return candidates[distances.indexOf(Math.min(...distances))]!
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
