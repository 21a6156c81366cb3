import type { Constraint } from '../../definitions.js'

interface Correction {
  /** Of several that have the same key, or the same mistake, this one. */
  readonly published: string
  readonly right: string
  readonly because: string
}

const special = `\\\\s\\\\.,:;\\\\\\'"\\\\/|?!@#$%&*()\\\\[\\\\]{}`
const segments = `[^${special}]{1,64}(\\\\.[^${special}]{1,64}(\\\\[x\\\\])?(\\\\:[^\\\\s\\\\.]+)?)*`

/**
 * Expressions that were published wrong, in R4 itself or guides made for it, as they were meant. HL7's validator knows
 * them likewise.
 */
export const corrections: readonly Correction[] = [
  {
    published: 'enableWhen.count() > 2 implies enableBehavior.exists()',
    right: 'enableWhen.count() > 1 implies enableBehavior.exists()',
    because: 'que-12 says "more than one"; corrected in R4B',
  },
  {
    published: "operator = 'exists' implies (answer is Boolean)",
    right: "operator = 'exists' implies (answer is boolean)",
    because: 'que-7: an element is of FHIR.boolean, which is not System.Boolean; corrected in R5',
  },
  {
    published: 'probability is decimal implies (probability as decimal) <= 100',
    right: '(probability is decimal) implies ((probability as decimal) <= 100)',
    because: 'ras-2: without a probability nothing follows from nothing, which is not true',
  },
  {
    published: "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')",
    right: "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')",
    because: 'inv-0 and its kin: a name may be absent, and matches() looks for a part',
  },
  ...['[A-Za-z][A-Za-z0-9]*(\\\\.[a-z][A-Za-z0-9]*(\\\\[x])?)*', segments].map((pattern) => ({
    published: `path.matches('${pattern}')`,
    right: `path.matches('^${pattern}$')`,
    because: 'eld-19 and eld-20: matches() looks for a part, and the path is meant as a whole',
  })),
  {
    published: "fullUrl.contains('/_history/').not()",
    right: "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
    because: 'bdl-8: an entry may be without fullUrl',
  },
  {
    published: '(component.empty() and hasMember.empty()) implies (dataAbsentReason or value)',
    right: '(component.empty() and hasMember.empty()) implies (dataAbsentReason.exists() or value.exists())',
    because: 'vs-2 of the vital signs before 4.0.1: a boolean value may be false',
  },
  {
    published: 'isModifier implies isModifierReason.exists()',
    right: '(isModifier.exists() and isModifier) implies isModifierReason.exists()',
    because: 'eld-18 before 4.0.1: without isModifier nothing follows from nothing',
  },
  {
    published: 'telecom or endpoint',
    right: 'telecom.exists() or endpoint.exists()',
    because: 'pd-1 of US Core 3: several are no boolean',
  },
]

const byPublished = new Map(corrections.map((one) => [one.published, one.right]))

/** The expression of a constraint as it was meant. */
export const corrected = ({ expression }: Constraint): string => byPublished.get(expression) ?? expression
