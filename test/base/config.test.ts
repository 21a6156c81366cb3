import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig, settingsTable } from '../../src/base/config.js'

describe('readConfig', () => {
  it('has the documented defaults', () => {
    const config = readConfig({})
    expect(config).toMatchObject({ port: 8080, host: '127.0.0.1', logLevel: 'info', webConcurrency: 1, poolMin: 20 })
    expect(config.dataDir).toBe(`${process.cwd()}/.data`)
    expect(config.databaseUrl).toBeUndefined()
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('takes values, and no notice of empty ones or of other programs', () => {
    const config = readConfig({
      PORT: '0',
      INGLE_SEARCH_HANDLING: 'lenient',
      HOST: '',
      PGPORT: 'x',
      BASE_URL: 'https://a.example/',
    })
    expect(config).toMatchObject({
      port: 0,
      searchHandling: 'lenient',
      host: '127.0.0.1',
      baseUrl: 'https://a.example',
    })
  })

  it.each([
    // variable                   value              said
    ['PORT', '8080x', 'PORT is "8080x"; allowed is a whole number from 0 to 65535'],
    ['PORT', '1e3', 'PORT is "1e3"; allowed is a whole number from 0 to 65535'],
    ['PORT', '65536', 'PORT is 65536; allowed is a whole number from 0 to 65535'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL is "loud"; allowed is info, fatal, error, warn, debug, trace, silent'],
    [
      'BASE_URL',
      'fhir.example',
      'BASE_URL is "fhir.example"; allowed is a URL that starts with `http://` or `https://`',
    ],
    [
      'DATABASE_URL',
      'mysql://u:pw@h/',
      'DATABASE_URL is not usable (its value is not shown); allowed is a URL that starts with `postgres://`',
    ],
    ['INGLE_POOL_MIN', '61', 'INGLE_POOL_MIN is 61; allowed is a whole number from 0 to INGLE_POOL_MAX'],
    ['INGLE_MAX_BODY', '5', 'INGLE_MAX_BODY is not a setting; the nearest is INGLE_MAX_BODY_BYTES'],
  ])('%s=%s is refused', (name, value, said) => {
    expect(() => readConfig({ [name]: value })).toThrow(new ConfigError(said))
  })

  it('reports every fault at once, a line each', () => {
    const faulty = { PORT: 'x', WEB_CONCURRENCY: '0', INGLE_AUTH_JWKS_URL: 'https://idp.example/jwks' }
    expect(() => readConfig(faulty)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^(?=.*^PORT is)(?=.*^WEB_CONCURRENCY is)(?=.*^INGLE_AUTH_ISSUER is not set)/ms),
      }),
    )
  })
})

it('the settings table names every setting with its default and range', () => {
  expect(settingsTable()).toContain('| `INGLE_POOL_MAX` | `60` | a whole number from 2 to 1000 |')
  expect(settingsTable()).toContain('| `DATABASE_URL` | none |')
})
