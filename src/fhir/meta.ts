interface Coding {
  system?: string
  code?: string
}

/** The labels of a resource: sets, in which a coding is its system and code. */
export interface Labels {
  profile?: readonly string[]
  tag?: readonly Coding[]
  security?: readonly Coding[]
}

const kinds = ['profile', 'tag', 'security'] as const

/** Version and display are not looked at. https://hl7.org/fhir/R4/resource-operation-meta-add.html */
const identity = (label: string | Coding): string =>
  typeof label === 'string' ? label : `${label.system ?? ''}\n${label.code ?? ''}`

/** @returns undefined when all of `added` is there already */
export function withLabels<M extends Labels>(meta: M, added: Labels): M | undefined {
  return changed(meta, (kind, there) => {
    const known = new Set(there.map(identity))
    const fresh = (added[kind] ?? []).filter((label) => !known.has(identity(label)) && known.add(identity(label)))
    return fresh.length ? [...there, ...fresh] : there
  })
}

/** @returns undefined when nothing of `removed` is there */
export function withoutLabels<M extends Labels>(meta: M, removed: Labels): M | undefined {
  return changed(meta, (kind, there) => {
    const gone = new Set((removed[kind] ?? []).map(identity))
    return there.some((label) => gone.has(identity(label)))
      ? there.filter((label) => !gone.has(identity(label)))
      : there
  })
}

type AnyLabels = readonly (string | Coding)[]

function changed<M extends Labels>(
  meta: M,
  change: (kind: (typeof kinds)[number], there: AnyLabels) => AnyLabels,
): M | undefined {
  const parts = kinds.map((kind) => [kind, change(kind, meta[kind] ?? none)] as const)
  if (parts.every(([kind, after]) => after === (meta[kind] ?? none))) return undefined
  const after = { ...meta }
  for (const [kind, labels] of parts) {
    // A set that became empty goes: JSON of FHIR has no empty arrays.
    if (labels.length > 0) Object.assign(after, { [kind]: labels })
    else delete after[kind]
  }
  return after
}

const none: AnyLabels = []
