import { Invalid } from '../../base/errors.js'
import { NAME } from './reader.js'
import type { XmlElement } from './tree.js'

/** What a selector finds: an element, or an attribute of it. */
export interface Selected {
  element: XmlElement
  attribute?: string
}

interface Step {
  isAttribute: boolean
  /** `*` is any. */
  name: string
  /** Of an element named by its name. */
  namespace: string
  predicates: Predicate[]
}

/** The n-th of what is left, from 1; the last; or those that have something at the end of a path, with that value. */
type Predicate = { position: number | 'last' } | { path: Step[]; value?: string }

const LONGEST = 1000
const CAN = `it can have names, *, @name, [1], [last()], [@id='x'] and [f:code/@value='x']`

const token = {
  space: /\s*/y,
  slash: /\/(?!\/)/y,
  at: /@/y,
  name: new RegExp(`(?:(${NAME}):)?(${NAME}|\\*)`, 'y'),
  open: /\[/y,
  close: /\]/y,
  position: /[1-9]\d{0,8}/y,
  last: /last\s*\(\s*\)/y,
  equals: /=/y,
  literal: /"([^"]*)"|'([^']*)'/y,
}

/**
 * A selector of RFC 5261, a small part of XPath 1.0: the way from the root down to elements or to an attribute.
 *
 * @param namespaceOf  a prefix where the selector stands; the default one goes for names without a prefix too
 *                     (RFC 5261, 4.2.1)
 * @returns finds what it selects below a root, in the order of the document
 * @throws Invalid  another XPath (400)
 */
export function selector(text: string, namespaceOf: (prefix: string) => string): (root: XmlElement) => Selected[] {
  if (text.length > LONGEST) throw new Invalid(`sel is longer than ${LONGEST} characters`)
  let at = 0
  const take = (kind: RegExp): RegExpExecArray | undefined => {
    token.space.lastIndex = at
    kind.lastIndex = at + token.space.exec(text)![0].length
    const found = kind.exec(text) ?? undefined
    if (found) at = kind.lastIndex
    return found
  }
  const fail = (expected: string): never => {
    throw new Invalid(`sel, character ${at + 1}: expected ${expected}; ${CAN}`)
  }

  const path = (): Step[] => {
    const steps = [step()]
    while (!steps.at(-1)!.isAttribute && take(token.slash)) steps.push(step())
    return steps
  }
  const step = (): Step => {
    const isAttribute = take(token.at) !== undefined
    const [, prefix, name] = take(token.name) ?? fail('a name')
    const namespace = isAttribute && !prefix ? '' : name === '*' && !prefix ? '*' : namespaceOf(prefix ?? '')
    const predicates: Predicate[] = []
    while (!isAttribute && take(token.open)) predicates.push(predicate())
    return { isAttribute, name: name!, namespace, predicates }
  }
  const predicate = (): Predicate => {
    const position = take(token.position)
    const found: Predicate = position
      ? { position: Number(position[0]) }
      : take(token.last)
        ? { position: 'last' }
        : { path: path(), ...value() }
    if (!take(token.close)) fail(']')
    if ('path' in found && found.value !== undefined && !found.path.at(-1)!.isAttribute) {
      fail(`an attribute before =, as in [f:code/@value='x']: the elements of FHIR have no text`)
    }
    return found
  }
  const value = () => {
    if (!take(token.equals)) return {}
    const [, double, single] = take(token.literal) ?? fail('a value in quotes')
    return { value: double ?? single! }
  }

  take(token.slash)
  const steps = path()
  take(token.space)
  if (at < text.length) fail('the end')
  if (steps[0]!.isAttribute) throw new Invalid(`sel begins with the element at the root; ${CAN}`)
  // The document, which has no name, holds the root.
  return (root) => walk([{ namespace: '', name: '', attributes: new Map(), children: [root] }], steps)
}

function walk(elements: readonly XmlElement[], [step, ...rest]: readonly Step[]): Selected[] {
  if (!step) return elements.map((element) => ({ element }))
  if (step.isAttribute) return elements.flatMap((element) => attributesOf(element, step))
  return elements.flatMap((element) => {
    const named = element.children.filter((child) => isNamed(child, step))
    return walk(step.predicates.reduce(narrowed, named), rest)
  })
}

function attributesOf(element: XmlElement, { name, namespace }: Step): Selected[] {
  if (namespace !== '' && namespace !== '*') return []
  const names = [...element.attributes.keys()].filter((one) => name === '*' || one === name)
  return names.map((attribute) => ({ element, attribute }))
}

const isNamed = (element: XmlElement, { name, namespace }: Step) =>
  (name === '*' || element.name === name) && (namespace === '*' || element.namespace === namespace)

function narrowed(elements: XmlElement[], predicate: Predicate): XmlElement[] {
  if ('position' in predicate) {
    const { position } = predicate
    return position === 'last' ? elements.slice(-1) : elements.slice(position - 1, position)
  }
  const { path, value } = predicate
  return elements.filter((one) =>
    walk([one], path).some(
      ({ element, attribute }) => value === undefined || element.attributes.get(attribute!) === value,
    ),
  )
}
