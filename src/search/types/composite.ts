import type { Entry } from '../entry.js'
import { hash } from '../hash.js'
import { paramOf } from '../names.js'
import type { Component, SearchParameter } from '../parameters.js'
import * as quantity from './quantity.js'
import * as reference from './reference.js'
import * as token from './token.js'

/**
 * A composite asks for values that stand together in one element. Where that element is the resource itself, both
 * parts are found by their own parameters and nothing is stored. Where it repeats (Observation.component), the pair is
 * stored: token with token as one hash, token with quantity as a quantity under the hash of parameter and token.
 */
export function indexers(tenant: number, parameter: SearchParameter): ((resource: unknown, entry: Entry) => void)[] {
  const { paths, components, base } = parameter
  if (isTriple(parameter)) return [triples(tenant, parameter)]
  const [first, second] = components
  if (!first || !second || !isPair(parameter) || parameter.code in COMBINED) return []
  const kind = kindOf(second)
  const param = pairParam(tenant, base, parameter.code)
  return paths.flatMap((path, n) => {
    if (path.type === base) return []
    return [
      (resource: unknown, entry: Entry) =>
        path.each(resource, (element) => {
          const heads: bigint[] = []
          for (const head of first.paths[n]!) {
            head.each(
              element,
              (value, type) => token.indexed(PART, value, type, { token: (h) => heads.push(h), text: () => {} }),
              resource,
            )
          }
          if (heads.length === 0) return
          for (const tail of second.paths[n]!) {
            tail.each(
              element,
              (value, type) => {
                if (kind === 'token') {
                  token.indexed(PART, value, type, {
                    token: (t) => {
                      for (const head of heads) entry.tok.add(pairHash(param, head, t))
                    },
                    text: () => {},
                  })
                } else if (kind === 'reference') {
                  reference.indexed(tenant, value, type, (target) => {
                    for (const head of heads) entry.tok.add(pairHash(param, head, target.key))
                  })
                } else if (kind === 'quantity') {
                  quantity.indexed(value, type, (row) => {
                    for (const head of heads) entry.quantities.push({ param: headParam(param, head), ...row })
                  })
                }
              },
              resource,
            )
          }
        }),
    ]
  })
}

/**
 * A token with two numbers of the same element (MolecularSequence.variant): each a quantity under the token, and for the
 * unit of both which of the elements it is.
 */
function triples(tenant: number, parameter: SearchParameter): (resource: unknown, entry: Entry) => void {
  const { paths, components, base, code } = parameter
  const [first, ...numbers] = components as [Component, Component, Component]
  const params = tripleParams(tenant, base, code)
  return (resource, entry) => {
    let element = 0n
    paths.forEach((path, n) => {
      path.each(resource, (item) => {
        element++
        const unit = element
        const heads: bigint[] = []
        const sink = { token: (h: bigint) => void heads.push(h), text: () => {} }
        for (const head of first.paths[n]!)
          head.each(item, (value, type) => token.indexed(PART, value, type, sink), resource)
        numbers.forEach((number, i) => {
          for (const tail of number.paths[n]!)
            tail.each(
              item,
              (value, type) =>
                quantity.indexed(value, type, (row) => {
                  for (const head of heads) entry.quantities.push({ ...row, param: headParam(params[i]!, head), unit })
                }),
              resource,
            )
        })
      })
    })
  }
}

/** A token and two numbers. */
export const isTriple = ({ components }: SearchParameter): boolean =>
  components.length === 3 &&
  kindOf(components[0]!) === 'token' &&
  components.slice(1).every((component) => kindOf(component) === 'number')

/** Under which the two numbers are stored. */
export const tripleParams = (tenant: number, type: string, code: string): readonly [bigint, bigint] => [
  paramOf(tenant, type, `${code}$2`),
  paramOf(tenant, type, `${code}$3`),
]

/** A token and one more. */
export const isPair = ({ components: [first, second, third] }: SearchParameter): boolean =>
  first !== undefined && second !== undefined && third === undefined && kindOf(first) === 'token'

/** R4 has the parts of DocumentReference.relationship the wrong way round: their values say what they are. */
export function kindOf({ parameter, paths }: Component): SearchParameter['type'] {
  if (paths.flat().every(({ type }) => type === 'Reference')) return 'reference'
  return parameter.type === 'reference' ? 'token' : parameter.type
}

/** Composites that find what two others find, and store nothing themselves. */
export const COMBINED: Record<string, readonly [onResource: string, onElement: string]> = {
  'combo-code-value-quantity': ['code-value-quantity', 'component-code-value-quantity'],
  'combo-code-value-concept': ['code-value-concept', 'component-code-value-concept'],
}

/** Whether a search can ask for it. */
export const isSupported = (parameter: SearchParameter): boolean =>
  parameter.code in COMBINED || isPair(parameter) || isTriple(parameter)

/** A part of a pair is hashed without a name: the pair has one. */
const PART = new token.Hashes('')

export const pairParam = (tenant: number, type: string, code: string): bigint => paramOf(tenant, type, code)
export const headParam = (param: bigint, head: bigint): bigint => param ^ head
/** Even: pairs have no kept totals. */
export const pairHash = (param: bigint, head: bigint, tail: bigint): bigint => hash(`${param} ${head} ${tail}`) & ~1n
