import { asString } from '../../operands.js'
import { matcher } from '../regex.js'
import { type Around, type Compiled, isPrimitive, itemsOf, kindOf, plain, single, truth, type Value } from '../value.js'
import { asEvaluated } from './evaluated.js'
import type { Compile, Site } from './site.js'

type Text = (focus: Value, around: Around) => string | undefined

function textOf(part: Compiled, what: string): Text {
  if (kindOf(part.type) === 'text' && part.one) {
    const { one } = part
    return (focus, around) => {
      const value = one(focus, around)
      if (typeof value === 'string') return value
      const text = value === undefined ? undefined : plain(value)
      return typeof text === 'string' ? text : undefined
    }
  }
  const items = itemsOf(part)
  return (focus, around) => asString(items(focus, around), what)
}

const input = ({ input, node }: Site) => textOf(input, `What ${node.name}() is given`)
export const argument = ({ argument, node }: Site, at: number) =>
  textOf(argument(at), `Argument ${at + 1} of ${node.name}()`)

export const ofTexts =
  <T>(type: string, run: (text: string, other: string) => T): Compile =>
  (site) => {
    const [text, other] = [input(site), argument(site, 0)]
    return single(type, (focus, around) => {
      const [a, b] = [text(focus, around), other(focus, around)]
      return a === undefined || b === undefined ? undefined : run(a, b)
    })
  }

export const ofText =
  <T>(type: string, run: (text: string) => T): Compile =>
  (site) => {
    const text = input(site)
    return single(type, (focus, around) => {
      const value = text(focus, around)
      return value === undefined ? undefined : run(value)
    })
  }

/** With a pattern that stands in the expression, which is made ready once. */
export function matches(site: Site, wrapped: (pattern: string) => string): Compiled {
  const [pattern] = site.node.args
  const literal = pattern?.is === 'literal' ? pattern.items[0]?.value : undefined
  if (typeof literal !== 'string' || site.node.args.length > 1) return asEvaluated(site)
  const [text, test] = [input(site), matcher(wrapped(literal))]
  return truth((focus, around) => {
    const value = text(focus, around)
    return value === undefined ? undefined : test(value, around.limits)
  })
}

/** A primitive that JSON has as text is that text. */
export const toText: Compile = (site) => {
  const { type, one } = site.input
  if (!type || !one || !isPrimitive(type) || type.startsWith('System.') || !isJsonText(type)) return asEvaluated(site)
  return single('System.String', (focus, around) => {
    const value = one(focus, around)
    return value === undefined ? undefined : plain(value)
  })
}

const isJsonText = (type: string) => kindOf(type) === 'text' || kindOf(type) === 'other'
