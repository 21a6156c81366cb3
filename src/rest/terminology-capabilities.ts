import { setImmediate as breathe } from 'node:timers/promises'
import type { TerminologyCapabilities, TerminologyCapabilitiesCodeSystem } from '@medplum/fhirtypes'
import { Lately } from '../base/lately.js'
import type { CodeSystemProvider } from '../terminology/provider.js'
import type { CodeSystems } from '../terminology/providers.js'
import type { Operation } from './operation.js'

/** Of so many revisions (a tenant has one at a time) the list of code systems is kept. */
const lists = new Lately<Promise<TerminologyCapabilitiesCodeSystem[]>>(20)

type Offered = Pick<
  TerminologyCapabilities,
  'codeSystem' | 'expansion' | 'codeSearch' | 'validateCode' | 'translation' | 'closure'
>

/**
 * What is offered of terminology: the code systems with concepts, in the versions that are here, and the parameters of
 * $expand.
 * @see https://hl7.org/fhir/R4/terminologycapabilities.html
 */
export async function offeredTerminology(systems: CodeSystems, expand: Operation | undefined): Promise<Offered> {
  let codeSystem = lists.get(systems.revision)
  if (!codeSystem) {
    codeSystem = codeSystems(systems)
    lists.set(systems.revision, codeSystem, 1)
  }
  return {
    codeSystem: await codeSystem,
    ...(expand && {
      expansion: {
        hierarchical: true,
        paging: true,
        parameter: Object.keys(expand.in).map((name) => ({
          name,
          ...(expand.about?.[name] && { documentation: expand.about[name] }),
        })),
        textFilter:
          'Each word is the beginning of one in a display, a designation or the code; the best match comes first',
      },
    }),
    codeSearch: 'all',
    validateCode: { translations: true },
    translation: { needsMap: false },
    closure: { translation: false },
  }
}

/** There are more than a thousand, some of them large, and others wait: so many are read at a time. */
const AT_ONCE = 50

async function codeSystems(systems: CodeSystems): Promise<TerminologyCapabilitiesCodeSystem[]> {
  const urls = (await systems.urls()).sort()
  const found: TerminologyCapabilitiesCodeSystem[] = []
  for (let at = 0; at < urls.length; at += AT_ONCE) {
    const some = urls.slice(at, at + AT_ONCE)
    const known = await Promise.all(some.map((url) => systems.withUrl(url)))
    for (const [i, uri] of some.entries()) {
      const filled = known[i]!.filter(({ content }) => content !== 'not-present')
      if (filled.length) found.push({ uri, version: filled.map((one, n) => versionOf(one, n === 0)) })
    }
    await breathe()
  }
  return found
}

function versionOf({ version, header }: CodeSystemProvider, isDefault: boolean) {
  const { compositional, language, filter = [], property = [] } = header
  return {
    ...(version !== undefined && { code: version }),
    isDefault,
    ...(compositional !== undefined && { compositional }),
    ...(language !== undefined && { language: [language] }),
    ...(filter.length && { filter: filter.map(({ code, operator = [] }) => ({ code, op: operator })) }),
    ...(property.length && { property: property.map(({ code }) => code!) }),
  }
}
