import type { Typed } from '../../src/fhir/fhirpath.js'
import { searchParameter } from '../../src/search/parameters.js'
import { foundByFhirPathJs } from '../fhir/fhirpath-js.js'

// What a search means, said once more in the plainest way: no index, no compiled path, no code of the server's search
// but the definition of the parameter. Slow, and only for what the property test asks.

type Resource = { resourceType: string; id: string }

/** Whether a resource is found by `name=value`, by the letters of https://hl7.org/fhir/R4/search.html */
export function isFound(resource: Resource, name: string, value: string): boolean {
  const [code, modifier] = name.split(':') as [string, string?]
  const parameter = searchParameter(resource.resourceType, code)!
  // resolve() has no server behind it here: what a reference resolves to is told by its text.
  const [expression, , target] = parameter.expression
    .split('|')
    .filter((part) => part.includes(`${resource.resourceType}.`) || part.startsWith('Resource.'))
    .join('|')
    .split(/(\.where\(resolve\(\) is (\w+)\))/) as [string, string?, string?]
  let values = foundByFhirPathJs(expression, resource)
  if (target) values = values.filter(({ value }) => (value as Reference).reference?.startsWith(`${target}/`))
  if (modifier === 'missing') return (values.length === 0) === (value === 'true')
  const some = value.split(',').some((one) => values.some((typed) => matchers[parameter.type]!(typed, one, modifier)))
  return modifier === 'not' ? !some : some
}

type Matcher = (typed: Typed, searched: string, modifier?: string) => boolean
interface Reference {
  reference?: string
}
interface Coding {
  system?: string
  code?: string
}

const matchers: Record<string, Matcher> = {
  token({ value, type }, searched) {
    if (type === 'CodeableConcept')
      return ((value as { coding?: Coding[] }).coding ?? []).some((coding) =>
        isCode(coding.system, coding.code, searched),
      )
    const { system, code, value: text } = value as Coding & { value?: string }
    if (type === 'Coding') return isCode(system, code, searched)
    if (type === 'Identifier') return isCode(system, text, searched)
    return String(value) === searched
  },
  string({ value, type }, searched, modifier) {
    const texts = type === 'HumanName' ? Object.values(value as object).flat() : [value]
    return texts.some((text) => {
      if (typeof text !== 'string') return false
      if (modifier === 'exact') return text === searched
      const [have, want] = [text.toLowerCase(), searched.toLowerCase()]
      return modifier === 'contains' ? have.includes(want) : have.startsWith(want)
    })
  },
  reference: ({ value }, searched) => (value as Reference).reference === searched,
  date({ value, type }, searched) {
    const [prefix, text] = prefixed(searched)
    const [a, b] = instants(text)
    const [lo, hi] = type === 'Period' ? periodOf(value as Period) : instants(String(value))
    const within = lo >= a && hi <= b
    switch (prefix) {
      case 'eq':
        return within
      case 'ne':
        return !within
      case 'gt':
        return hi > b
      case 'lt':
        return lo < a
      case 'ge':
        return hi > b || within
      case 'le':
        return lo < a || within
      case 'sa':
        return lo >= b
      default:
        return hi <= a
    }
  },
  number: ({ value }, searched) => isNumber(Number(value), searched),
  quantity({ value }, searched) {
    const [text, system, code] = searched.split('|')
    const have = value as { value?: number; unit?: string } & Coding
    if (have.value === undefined) return false
    // Grams and milligrams are all that is asked about.
    const factor = system && code !== have.code && have.system === system ? (code === 'mg' ? 1000 : 0.001) : 1
    if (!isNumber(have.value * factor, text!)) return false
    if (code === undefined) return true
    return system === '' ? code === have.code || code === have.unit : system === have.system
  },
}

function isCode(system: string | undefined, code: string | undefined, searched: string): boolean {
  const bar = searched.indexOf('|')
  if (bar < 0) return code === searched
  const [wantedSystem, wantedCode] = [searched.slice(0, bar), searched.slice(bar + 1)]
  if (wantedCode === '') return system === wantedSystem
  return (system ?? '') === wantedSystem && code === wantedCode
}

const prefixed = (text: string) =>
  (/^[a-z]/.test(text) ? [text.slice(0, 2), text.slice(2)] : ['eq', text]) as [string, string]

/** In tenths, as whole numbers: binary fractions must not decide at the limits. */
function isNumber(have: number, searched: string): boolean {
  const [prefix, text] = prefixed(searched)
  const digits = text.split('.')[1]?.length ?? 0
  const scale = 10 ** (digits + 3)
  const [x, want, half] = [Math.round(have * scale), Math.round(Number(text) * scale), 500]
  const equal = x >= want - half && x < want + half
  switch (prefix) {
    case 'eq':
      return equal
    case 'ne':
      return !equal
    case 'gt':
    case 'sa':
      return x > want
    case 'ge':
      return x >= want
    case 'lt':
    case 'eb':
      return x < want
    default:
      return x <= want
  }
}

interface Period {
  start?: string
  end?: string
}
const periodOf = ({ start, end }: Period): [number, number] => [
  start ? instants(start)[0] : -Infinity,
  end ? instants(end)[1] : Infinity,
]

/** `2020-02` from its first instant to the first one that is no longer in it. */
function instants(text: string): [number, number] {
  const lo = Date.parse(text)
  const end = new Date(lo)
  if (text.length === 4) end.setUTCFullYear(end.getUTCFullYear() + 1)
  else if (text.length === 7) end.setUTCMonth(end.getUTCMonth() + 1)
  else if (text.length === 10) end.setUTCDate(end.getUTCDate() + 1)
  else end.setUTCSeconds(end.getUTCSeconds() + 1)
  return [lo, end.getTime()]
}
