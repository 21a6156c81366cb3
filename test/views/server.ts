import { openServer, type RestServer } from '../rest/server.js'
import { storesWhatHasTheForm } from '../support/settings.js'

export type View = Record<string, unknown>
type Row = Record<string, unknown>

export interface ViewServer extends RestServer {
  /** The rows of a view, over resources that are sent with it or over what is stored. */
  rows(view: View, resources?: readonly object[], more?: readonly object[]): Promise<Row[]>
  /** @returns the diagnostics of the refusal, and where it says the fault is */
  refused(status: number, view: View | string, resources?: readonly object[] | object): Promise<string>
}

/** Parameters of `$run` for a view. */
export function parameters(view: View, resources: readonly object[] = [], more: readonly object[] = []) {
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'viewResource', resource: { resourceType: 'ViewDefinition', ...view } },
      ...resources.map((resource) => ({ name: 'resource', resource })),
      ...more,
    ],
  }
}

const headers = { Accept: 'application/json' }
const RUN = 'POST ViewDefinition/$run'

export async function openViews(settings?: Record<string, string>): Promise<ViewServer> {
  const server = await openServer({ ...storesWhatHasTheForm, ...settings })
  return {
    ...server,
    async rows(view, resources, more) {
      const { json } = await server.expect(200, RUN, { headers, body: parameters(view, resources, more) })
      return json
    },
    async refused(status, view, resources) {
      if (typeof view === 'string') return server.refused(status, view, resources as object)
      const body = parameters(view, resources as readonly object[])
      const { json } = await server.expect(status, RUN, { headers, body })
      const [issue] = json.issue
      return `${issue.diagnostics} (${issue.expression ?? ''})`
    },
  }
}
