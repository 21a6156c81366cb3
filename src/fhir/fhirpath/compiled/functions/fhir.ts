import { Invalid } from '../../../../base/errors.js'
import { children, type Item, toSystem } from '../../item.js'
import { member } from '../members.js'
import { type Around, isPrimitive, itemsOf, plain, several, truth, type Value } from '../value.js'
import type { Compile } from './site.js'
import { argument } from './texts.js'

const isValue = (value: Value, type: string | undefined): boolean => {
  const known = type ?? (value as Item).type
  return isPrimitive(known) && plain(value) !== undefined
}

export const hasValue: Compile = ({ input: { type, all } }) =>
  truth((focus, around) => {
    const values = all(focus, around)
    return values.length === 1 && isValue(values[0], type)
  })

export const extension: Compile = (site) => {
  const url = argument(site, 0)
  const { type, all } = member(site.input, 'extension')
  return several(type, (focus, around) => {
    const extensions = all(focus, around)
    if (extensions.length === 0) return extensions
    around.limits.spend(extensions.length)
    const wanted = url(focus, around)
    return extensions.filter((one) => {
      const { url } = (type === undefined ? (one as Item).value : one) as { url?: unknown }
      return url === wanted
    })
  })
}

export const resolve: Compile = ({ input }) => {
  const items = itemsOf(input)
  return several('Resource', (focus, around) =>
    items(focus, around).flatMap((item) => {
      const part = item.type === 'Reference' ? children(item, 'reference')[0] : item
      const url = part && toSystem(part)?.value
      return (typeof url === 'string' ? around.resolve(url, item.value) : undefined) ?? []
    }),
  )
}

export const asked =
  (ask: (item: Item, url: string, around: Around) => boolean): Compile =>
  (site) => {
    const [items, url] = [itemsOf(site.input), argument(site, 0)]
    return truth((focus, around) => {
      const found = items(focus, around)
      if (found.length > 1) throw new Invalid(`${site.node.name}() asks about one value, but there are ${found.length}`)
      const wanted = url(focus, around)
      return found.length === 0 || wanted === undefined ? undefined : ask(found[0]!, wanted, around)
    })
  }

export const htmlChecks: Compile = ({ input }) => {
  const items = itemsOf(input)
  return truth((focus, around) => items(focus, around).every(({ value }) => around.htmlChecks(value as string)))
}
