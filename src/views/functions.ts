import type { Expression } from '../fhir/path/parse.js'
import type { Collection } from './collection.js'
import { boundaries } from './functions/boundary.js'
import type { Functions } from './functions/call.js'
import { conversion } from './functions/conversion.js'
import { existence } from './functions/existence.js'
import { keys } from './functions/keys.js'
import { math } from './functions/math.js'
import { selection } from './functions/selection.js'
import { strings } from './functions/strings.js'
import type { Compile, Scope } from './scope.js'
import { Unfit } from './unfit.js'

/** The functions of FHIRPath that make sense of one resource, without the rest of the server. */
const functions: Functions = {
  ...existence,
  ...selection,
  ...conversion,
  ...strings,
  ...math,
  ...boundaries,
  ...keys,
}

/** @throws Unfit  there is no such function, or it takes other arguments */
export function call(
  { name, args }: Expression & { is: 'call' },
  input: Collection,
  scope: Scope,
  compile: Compile,
): Collection {
  if (!Object.hasOwn(functions, name))
    throw new Unfit(`has ${name}(), which a view cannot use; it can use ${Object.keys(functions).join(', ')}`)
  const [least, most, of] = functions[name]!
  if (args.length < least || args.length > most)
    throw new Unfit(
      `gives ${name}() ${args.length} arguments; it takes ${least === most ? least : `${least} to ${most}`}`,
    )
  return of({ input, args, scope, compile })
}
