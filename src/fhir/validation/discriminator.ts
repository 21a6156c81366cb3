import type { Discriminator, Step } from './program.js'

const step =
  /^\.?(?:extension\(\s*['"]([^'"]*)['"]\s*\)|ofType\(\s*([\w.]+)\s*\)|(resolve)\(\)|(\$this)|(\w+)(?:\[x\])?)/

export function parseDiscriminator({ type, path = '$this' }: { type?: string; path?: string }): Discriminator {
  const kind = (type ?? 'value') as Discriminator['type']
  const steps: Step[] = []
  for (let rest = path.trim(); rest !== ''; ) {
    const [all, url, ofType, resolve, self, name] = step.exec(rest) ?? []
    if (all === undefined) return { type: kind, steps: [{ kind: 'child', name: rest }] }
    if (url !== undefined) steps.push({ kind: 'extension', url })
    else if (ofType !== undefined) steps.push({ kind: 'ofType', type: ofType })
    else if (resolve !== undefined) steps.push({ kind: 'resolve' })
    else if (self === undefined) steps.push({ kind: 'child', name: name! })
    rest = rest.slice(all.length)
  }
  return { type: kind, steps }
}
