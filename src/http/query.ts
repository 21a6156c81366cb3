import { Invalid } from '../base/errors.js'

export interface Query {
  /** Without the parameters that the door has consumed. */
  rest: string
  format?: string
  pretty: boolean
}

/** Takes `_format` and `_pretty` out of a query string; everything else stays as it was received. */
export function takeFormat(query: string): Query {
  // Nearly every query has neither; `%5f` is an underscore that a client has escaped.
  if (!/_format|_pretty|%5f/i.test(query)) return { rest: query, pretty: false }
  const taken: Query = { rest: '', pretty: false }
  const kept = query.split('&').filter((pair) => {
    const [name = '', value = ''] = pair.split('=', 2)
    switch (unescaped(name)) {
      case '_format':
        // `+` is a plus sign here, as in `_format=application/fhir+json`, which is how it is usually sent
        if (value) taken.format ??= unescaped(value).toLowerCase()
        return false
      case '_pretty':
        taken.pretty = value === 'true'
        return false
      default:
        return true
    }
  })
  taken.rest = kept.join('&')
  return taken
}

/** The query of the URL and the form of POST _search, which say what they say together. */
export function merged(url: Query, form: Query): Query {
  return {
    rest: url.rest && form.rest ? `${url.rest}&${form.rest}` : url.rest || form.rest,
    format: url.format ?? form.format,
    pretty: url.pretty || form.pretty,
  }
}

/** @throws Invalid  an escape such as `%zz` or `%ff` that is not UTF-8 (400) */
export function unescaped(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new Invalid('The URL has an escape that is not UTF-8', { cause })
  }
}
