import { cpt } from './cpt/loader.js'
import { hcpcs } from './hcpcs/loader.js'
import { icd10cm } from './icd10cm/loader.js'
import { icd10pcs } from './icd10pcs/loader.js'
import { listLoaders } from './lists/loaders.js'
import type { Loader } from './loader.js'
import { loinc } from './loinc/loader.js'
import { ndc } from './ndc/loader.js'
import { rxnorm } from './rxnorm/loader.js'
import { snomed } from './snomed/loader.js'

/** Every code system that can be loaded. */
export const loaders: readonly Loader[] = [icd10cm, icd10pcs, hcpcs, cpt, loinc, snomed, rxnorm, ndc, ...listLoaders]

export const kinds = loaders.flatMap((loader) => loader.kinds)
