import { Invalid } from '../base/errors.js'
import { type Operation, operation } from '../rest/operation.js'
import { about, asked, run } from './run.js'
import type { Named } from './stored.js'

const naming = 'Exactly one of the three names the view'

/** Both names of the guide's second version: `$run` of its drafts, `$viewdefinition-run` of its release. */
const runs = (code: string): Operation =>
  operation({
    code,
    title: 'Run a view',
    description:
      'Rows of a table, made from resources as a ViewDefinition of SQL on FHIR says. A view is given in the request, or stored as JSON in the content of a Library, whose id it goes by.',
    on: {
      resource: ['ViewDefinition'],
      levels: code === 'run' ? ['type', 'instance'] : ['system', 'type', 'instance'],
    },
    affectsState: false,
    needs: { letters: [], of: 'type' },
    negotiates: true,
    in: {
      viewResource: '0..1 ViewDefinition',
      viewReference: '0..1 Reference',
      viewCanonical: '0..1 canonical',
      ...asked,
    },
    out: { return: '1..1 Binary' },
    about: { viewResource: naming, viewReference: naming, viewCanonical: naming, ...about },
    handle(call) {
      const { id, params } = call
      const { viewResource: resource, viewReference, viewCanonical: canonical } = params
      const named = { resource, reference: viewReference?.reference, canonical }
      if (id === undefined) return run(call, one(named, 'viewResource, viewReference or viewCanonical'))
      if (Object.values(named).some((value) => value !== undefined))
        throw new Invalid(
          'The view is named by the URL: viewResource, viewReference and viewCanonical have no place here',
        )
      return run(call, { reference: `ViewDefinition/${id}` })
    },
  })

/** https://sql-on-fhir.org/ig/OperationDefinition-SQLRun.html, as far as it is about views */
const sqlRun = operation({
  code: 'sql-run',
  title: 'Run a view',
  description: 'As $viewdefinition-run, under the name and with the parameters of the third version of SQL on FHIR.',
  on: { levels: ['system'] },
  affectsState: false,
  needs: { letters: [], of: 'all' },
  negotiates: true,
  in: {
    subjectResource: '0..1 ViewDefinition',
    subjectReference: '0..1 Reference',
    subjectCanonical: '0..1 canonical',
    ...asked,
  },
  out: { return: '1..1 Binary' },
  about: { subjectResource: naming, subjectReference: naming, subjectCanonical: naming, ...about },
  handle(call) {
    const { subjectResource: resource, subjectReference, subjectCanonical: canonical } = call.params
    const named = { resource, reference: subjectReference?.reference, canonical }
    return run(call, one(named, 'subjectResource, subjectReference or subjectCanonical'))
  },
})

/** @throws Invalid  none or several of the three are there (400) */
function one(named: Named, names: string): Named {
  if (Object.values(named).filter((value) => value !== undefined).length !== 1)
    throw new Invalid(`Exactly one of ${names} names the view`)
  return named
}

/** What this wing offers. */
export const viewOperations: readonly Operation[] = [runs('run'), runs('viewdefinition-run'), sqlRun]
