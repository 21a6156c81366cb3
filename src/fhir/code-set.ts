/** Of one system: the codes, or with `others` all codes but these. */
interface Part {
  readonly codes: ReadonlySet<string>
  readonly others: boolean
}

/** A set of codes of any systems; of a system whose codes nobody has listed it may hold all, or all but some. */
export class CodeSet {
  static readonly none = new CodeSet(new Map())

  /** @param systems  by canonical url; '' for codes without a system */
  private constructor(readonly systems: ReadonlyMap<string, Part>) {}

  static of(system: string, codes: Iterable<string>): CodeSet {
    return new CodeSet(new Map([[system, { codes: new Set(codes), others: false }]]))
  }

  /** Every code that there is or will be in the system. */
  static all(system: string): CodeSet {
    return new CodeSet(new Map([[system, { codes: new Set(), others: true }]]))
  }

  with(other: CodeSet): CodeSet {
    return this.merged(other, (a, b) => {
      if (a.others && b.others) return { codes: common(a.codes, b.codes), others: true }
      if (a.others) return { codes: less(a.codes, b.codes), others: true }
      if (b.others) return { codes: less(b.codes, a.codes), others: true }
      return { codes: new Set([...a.codes, ...b.codes]), others: false }
    })
  }

  without(other: CodeSet): CodeSet {
    return this.merged(other, (a, b) => both(a, { codes: b.codes, others: !b.others }))
  }

  within(other: CodeSet): CodeSet {
    return this.merged(other, both)
  }

  private merged(other: CodeSet, rule: (a: Part, b: Part) => Part): CodeSet {
    const systems = new Map<string, Part>()
    for (const system of new Set([...this.systems.keys(), ...other.systems.keys()])) {
      const part = rule(this.systems.get(system) ?? NOTHING, other.systems.get(system) ?? NOTHING)
      if (part.others || part.codes.size > 0) systems.set(system, part)
    }
    return new CodeSet(systems)
  }
}

const NOTHING: Part = { codes: new Set(), others: false }

const common = (a: ReadonlySet<string>, b: ReadonlySet<string>) => new Set([...a].filter((code) => b.has(code)))
const less = (a: ReadonlySet<string>, b: ReadonlySet<string>) => new Set([...a].filter((code) => !b.has(code)))

function both(a: Part, b: Part): Part {
  if (a.others && b.others) return { codes: new Set([...a.codes, ...b.codes]), others: true }
  if (a.others) return { codes: less(b.codes, a.codes), others: false }
  if (b.others) return { codes: less(a.codes, b.codes), others: false }
  return { codes: common(a.codes, b.codes), others: false }
}
