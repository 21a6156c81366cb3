import { expect, it } from 'vitest'
import { openMetrics } from '../../src/base/metrics.js'

it('counts requests by interaction, type and status class', async () => {
  const metrics = openMetrics(['Patient'])
  metrics.observe('read', 'Patient', 200, 0.002)
  metrics.observe('read', 'Patient', 204, 0.2)
  metrics.observe('capabilities', undefined, 503, 0.2)
  const text = await metrics.registry.metrics()
  expect(text).toContain('http_requests_total{interaction="read",type="Patient",status="2xx"} 2')
  expect(text).toContain('http_requests_total{interaction="capabilities",type="",status="5xx"} 1')
  expect(text).toContain(
    'http_request_duration_seconds_bucket{le="0.0025",interaction="read",type="Patient",status="2xx"} 1',
  )
  expect(text).toContain('nodejs_eventloop_lag_seconds')
})

it('makes no time series of what a client invents', async () => {
  const metrics = openMetrics(['Patient'])
  for (let i = 0; i < 1000; i++) metrics.observe(`Made Up ${i}`, `Type${i}`, 404, 0.001)
  const text = await metrics.registry.metrics()
  expect(text.match(/^http_requests_total\{.*/gm)).toEqual([
    'http_requests_total{interaction="other",type="other",status="4xx"} 1000',
  ])
})

it('shows the sessions of the pool as they are when asked', async () => {
  const metrics = openMetrics([])
  const pool = { totalCount: 1, idleCount: 0, waitingCount: 0 }
  metrics.watchPool(pool)
  Object.assign(pool, { totalCount: 20, idleCount: 17, waitingCount: 2 })
  const text = await metrics.registry.metrics()
  expect(text).toMatch(/^db_pool_total 20$.*^db_pool_idle 17$.*^db_pool_waiting 2$/ms)
})
