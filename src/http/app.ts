import type Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import { toOutcome } from '../base/outcome.js'
import { type Door, fhir } from './fhir.js'
import { frontPage } from './front-page.js'
import { fhirJson } from './negotiate.js'
import { common } from './reply.js'
import { requestId } from './request-id.js'

export interface AppOptions extends Door {
  /** What stands beside FHIR, such as the health routes; asks for no token. */
  routes?: Router[]
}

/** The server's HTTP side: FHIR below `/fhir`, other routes beside it, and a page at `/` that points there. */
export function createApp({ routes = [], ...door }: AppOptions): Koa {
  const app = new Koa()
  app.on('error', (err) => door.log.debug({ err }, 'connection failed'))
  app.use(fhir(door))
  app.use(beside(door))
  for (const router of routes) app.use(router.routes())
  app.use(frontPage(door))
  return app
}

/** What any answer has, for the paths that are not FHIR. */
function beside({ log }: Door): Middleware {
  return async (koa, next) => {
    const id = requestId(koa.req.headers['x-request-id'])
    koa.set('X-Request-Id', id)
    for (let i = 0; i < common.length; i += 2) koa.set(common[i]!, common[i + 1]!)
    try {
      await next()
    } catch (err) {
      const { status, outcome, headers } = toOutcome(err)
      if (status === 500) log.error({ requestId: id, err }, 'request failed')
      koa.set(headers)
      koa.status = status
      koa.type = fhirJson
      koa.body = JSON.stringify({ ...outcome, id })
    }
  }
}
