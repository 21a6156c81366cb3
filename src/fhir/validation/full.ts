import { type ElementDefinition, typeDefinition } from '../definitions.js'
import type { Beyond } from './beyond.js'
import { bindingRule } from './bindings.js'
import { checkCoding, checkUnit } from './codings.js'
import { compile } from './compile.js'
import { checkExtensionUse } from './extensions.js'
import { isA } from './is-a.js'
import { checkProfiles, conforms } from './profiles.js'
import { checkReference, targetRule } from './references.js'
import type { Rule } from './rule.js'
import { invariant, rulesOfPrimitives, rulesOfTypes } from './rules.js'

const ofTypes: Readonly<Record<string, readonly Rule[]>> = {
  Coding: [checkCoding],
  Extension: [checkExtensionUse],
  Quantity: [checkUnit],
  Reference: [checkReference],
}

/** All that can be said of a resource beyond its JSON form: codes, extensions, references, profiles and invariants. */
export const full: Beyond = {
  rulesOfType(type) {
    const own = isA(type, 'Quantity') ? ofTypes.Quantity : ofTypes[type]
    const invariants = (typeDefinition(type)?.constraints ?? []).flatMap((one) => invariant(one, type) ?? [])
    return [...(own ?? []), ...(rulesOfTypes[type] ?? []), ...invariants]
  },

  rulesOfElement({ binding, constraints = [], types }: ElementDefinition, type, isEnumerated) {
    const targets = type === 'Reference' && types.find(({ code }) => code === 'Reference')?.targets
    return [
      ...(binding ? bindingRule(binding, type, isEnumerated) : []),
      ...(targets ? [targetRule(targets)] : []),
      ...(rulesOfPrimitives[type] ?? []),
      ...constraints.flatMap((one) => invariant(one, type) ?? []),
    ]
  },

  checkResource: checkProfiles,
  conforms,
  compile,
}
