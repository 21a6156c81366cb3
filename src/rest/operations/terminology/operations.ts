import type { Operation } from '../../operation.js'
import { batchValidateCodeOfCodeSystem, batchValidateCodeOfValueSet } from './batch-validate-code.js'
import { closure } from './closure.js'
import { compare } from './compare.js'
import { expand } from './expand.js'
import { findMatches } from './find-matches.js'
import { lookup } from './lookup.js'
import { subsumes } from './subsumes.js'
import { translate } from './translate.js'
import { validateCodeOfCodeSystem, validateCodeOfValueSet } from './validate-code.js'

/** The operations of the terminology service. */
export const terminologyOperations: readonly Operation[] = [
  expand,
  lookup,
  validateCodeOfValueSet,
  validateCodeOfCodeSystem,
  batchValidateCodeOfValueSet,
  batchValidateCodeOfCodeSystem,
  subsumes,
  findMatches,
  translate,
  closure,
  compare,
]
