import { exportOfGroup, exportOfPatients, exportOfSystem } from './bulk/kick-off.js'
import { graphql } from './graphql/operations.js'
import type { Operation } from './rest/operation.js'
import { convert } from './rest/operations/convert.js'
import { diff } from './rest/operations/diff.js'
import { document } from './rest/operations/document.js'
import { everythingOfEncounter, everythingOfPatient } from './rest/operations/everything.js'
import { explain } from './rest/operations/explain.js'
import { expunge } from './rest/operations/expunge.js'
import { fhirpath } from './rest/operations/fhirpath.js'
import { find } from './rest/operations/find.js'
import { graph } from './rest/operations/graph.js'
import { lastn } from './rest/operations/lastn.js'
import { match } from './rest/operations/match.js'
import { merge } from './rest/operations/merge.js'
import { mergeUndo } from './rest/operations/merge-undo.js'
import { meta, metaAdd, metaDelete } from './rest/operations/meta.js'
import { reindex, reindexCancel, reindexStatus } from './rest/operations/reindex.js'
import { snapshot } from './rest/operations/snapshot.js'
import { statements } from './rest/operations/statements.js'
import { stats } from './rest/operations/stats.js'
import { loadTerminology } from './rest/operations/terminology/load-terminology.js'
import { terminologyOperations } from './rest/operations/terminology/operations.js'
import { validate } from './rest/operations/validate.js'
import { versions } from './rest/operations/versions.js'
import { viewOperations } from './views/operations.js'

/** What this server offers beside the interactions of the standard: its table of contents. */
export const operations: readonly Operation[] = [
  everythingOfPatient,
  everythingOfEncounter,
  meta,
  metaAdd,
  metaDelete,
  reindex,
  reindexStatus,
  reindexCancel,
  explain,
  graphql,
  fhirpath,
  lastn,
  stats,
  statements,
  ...terminologyOperations,
  loadTerminology,
  ...viewOperations,
  diff,
  convert,
  validate,
  snapshot,
  versions,
  document,
  find,
  graph,
  match,
  merge,
  mergeUndo,
  expunge,
  exportOfSystem,
  exportOfPatients,
  exportOfGroup,
]
