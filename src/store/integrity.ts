import { CannotStart } from '../base/cannot-start.js'
import { Conflict, type FhirError, type Issue, Unprocessable } from '../base/errors.js'
import type { Session } from '../db/database.js'
import { bigints, sql } from '../db/sql.js'
import { isResourceType, resourceTypes } from '../fhir/definitions.js'
import { typeCode, typeName } from '../fhir/type-codes.js'
import type { Entry, Link } from '../search/entry.js'
import { keyOf } from '../search/hash.js'
import { eachLocalReference, linkHashes } from '../search/links.js'

/** What becomes of a reference to nothing: the write is refused, it is said, or nobody looks. */
export type ReferenceMode = 'enforce' | 'warn' | 'off'

/** How much references of each type are looked after: `enforce,AuditEvent=off`. */
export class References {
  private readonly usual: ReferenceMode
  private readonly modes = new Map<string, ReferenceMode>()
  /** Codes of types that may go on referring to what is deleted. */
  readonly free: readonly number[]

  /** @throws CannotStart  it names no type of R4 */
  constructor(setting: string) {
    const [usual, ...exceptions] = setting.split(',') as [ReferenceMode, ...string[]]
    this.usual = usual
    for (const exception of exceptions) {
      const [type, mode] = exception.split('=') as [string, ReferenceMode]
      if (!isResourceType(type))
        throw new CannotStart(`INGLE_REFERENCES names ${type}, which is no resource type of FHIR R4`)
      this.modes.set(type, mode)
    }
    this.free = resourceTypes.filter((type) => this.of(type) !== 'enforce').map(typeCode)
  }

  of(type: string): ReferenceMode {
    return this.modes.get(type) ?? this.usual
  }

  get areEnforced(): boolean {
    return this.free.length < resourceTypes.length
  }
}

/** A write refers to what is not there. */
export class MissingReferences extends Unprocessable {
  static override code: Issue['code'] = 'not-found'

  /** @param missing  the first that has each reference: the number of its write, and the place in its resource */
  constructor(readonly missing: readonly Target[]) {
    super(missingText(missing[0]!.reference))
    this.issues.splice(
      0,
      1,
      ...missing.map(({ reference, place }) => ({
        severity: 'error' as const,
        code: MissingReferences.code,
        diagnostics: missingText(reference),
        expression: [place],
      })),
    )
  }
}

interface Target extends Link {
  n: number
  /** FHIRPath: `Observation.subject` */
  place: string
}

const missingText = (reference: string) =>
  reference.includes('?')
    ? 'A reference by search criteria is resolved in a transaction alone'
    : `${reference} is not on this server; store it first, or together with this in a transaction (setting INGLE_REFERENCES)`

/** Referrers that are named; of more their number is told. */
const MOST_NAMES = 10
/** Resources that are asked about in one statement: each has a hash for every reference parameter. */
const AT_ONCE = 50
/** Locks stand for resources by so many bits of their keys, which bounds how many a transaction can take. */
const SLOT_BITS = 10

/**
 * What of a transaction's references only the database can tell, once its rows are there and before it commits.
 * docs/decisions/0021-writes-are-judged-and-references-checked-behind-the-rows.md
 */
export class IntegrityCheck {
  private readonly own: ReadonlySet<bigint>
  private readonly targets = new Map<string, Target>()
  private readonly deleted: { type: string; key: bigint }[] = []

  constructor(
    private readonly tenant: number,
    private readonly references: References,
    writes: readonly { kind: string }[],
    keys: readonly bigint[],
  ) {
    // What is stored in the same transaction need not be looked for.
    this.own = new Set(keys.filter((_, i) => writes[i]!.kind !== 'delete'))
  }

  /** @param n  number of the write */
  written(resource: { resourceType: string }, { links }: Entry, n: number): void {
    if (links.length === 0 || this.references.of(resource.resourceType) !== 'enforce') return
    const isNew = ({ key, reference }: Link) => !this.own.has(key) && !this.targets.has(reference)
    if (!links.some(isNew)) return
    const news = new Map(links.filter(isNew).map((link) => [link.reference, link]))
    eachLocalReference(resource, (reference, place) => {
      const link = news.get(reference)
      if (!link) return
      this.targets.set(reference, { ...link, n, place: place() })
      news.delete(reference)
    })
  }

  removed(type: string, key: bigint): void {
    if (this.references.areEnforced) this.deleted.push({ type, key })
  }

  /** SQL without values from outside; undefined when there is nothing to look at. */
  statements(): string | undefined {
    const { tenant, deleted } = this
    const targets = [...this.targets.values()]
    if (targets.length === 0 && deleted.length === 0) return undefined
    const statements = [`select reference_locks('{${slotsOf(targets).join()}}', '{${slotsOf(deleted).join()}}')`]
    if (targets.length > 0)
      statements.push(
        `select reference_targets(${tenant}, '${bigints(targets.map(({ key }) => key))}', '{${targets.map(({ version }) => version).join()}}')`,
      )
    for (let i = 0; i < deleted.length; i += AT_ONCE) {
      const hashes = deleted.slice(i, i + AT_ONCE).flatMap(({ type, key }) => linkHashes(tenant, type, key))
      statements.push(
        `select reference_referrers(${tenant}, '${bigints(hashes)}', '{${this.references.free.join()}}', ${MOST_NAMES})`,
      )
    }
    return statements.join(';')
  }

  /** What the database found, in FHIR's words; anything else as it is. */
  explained(cause: unknown): unknown {
    const { code, detail } = cause as { code?: string; detail?: string }
    if (code === TARGETS_MISSING) return this.missing(detail!.split(',').map(Number))
    return code === REFERRED_TO ? referredTo(detail!) : cause
  }

  private missing(numbers: readonly number[]): FhirError {
    const targets = [...this.targets.values()]
    return new MissingReferences(numbers.map((i) => targets[i - 1]!))
  }
}

/** What the functions of migration 0009 refuse a write with. */
const TARGETS_MISSING = 'IN002'
const REFERRED_TO = 'IN003'

/** Whether one write of several may be at fault for what the database refused. */
export const isIntegrity = (cause: unknown): boolean =>
  [TARGETS_MISSING, REFERRED_TO].includes((cause as { code?: string }).code ?? '')

const slotsOf = (those: readonly { key: bigint }[]): number[] => [
  ...new Set(those.map(({ key }) => Number(BigInt.asUintN(SLOT_BITS, key)))),
]

/** Why it would not be deleted now; undefined when nothing speaks against it. */
export async function refusalOfDelete(
  session: Session,
  references: References,
  tenant: number,
  { type, id }: { type: string; id: string },
): Promise<Conflict | undefined> {
  if (!references.areEnforced) return undefined
  const hashes = bigints(linkHashes(tenant, type, keyOf(tenant, type, id)))
  try {
    await session.query(
      sql`select reference_referrers(${tenant}, ${hashes}::bigint[], ${[...references.free]}::smallint[], ${MOST_NAMES})`,
    )
    return undefined
  } catch (cause) {
    const { code, detail } = cause as { code?: string; detail?: string }
    if (code === REFERRED_TO) return referredTo(detail!)
    throw cause
  }
}

function referredTo(detail: string): Conflict {
  const { total, first } = JSON.parse(detail) as { total: number; first: [type: number, id: string][] }
  const names = first.map(([type, id]) => `${typeName(type)}/${id}`).join(', ')
  const more = total > first.length ? ` and ${total - first.length} more` : ''
  return new Conflict(
    `It is referred to by ${names}${more}; delete or change these first, or together with it in a transaction (setting INGLE_REFERENCES)`,
  )
}
