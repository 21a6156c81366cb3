// Releases in the layouts of their publishers, with invented content; rows TX-5 to TX-8 and TX-12
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeSystemsOf } from '../../../src/terminology/sources.js'
import { openServer, type RestServer } from '../../rest/server.js'
import { fixed, loadInto, Releases, withDatabase } from '../fixtures.js'
import { zip } from '../zip.js'

let server: RestServer
const releases = new Releases()
beforeAll(async () => {
  server = await openServer()
})
afterAll(async () => {
  await server.stop()
  releases.remove()
})

interface Part {
  name: string
  part?: Part[]
  [value: `value${string}`]: unknown
}

const said = (parts: readonly Part[], name: string) => {
  const part = parts.find((one) => one.name === name)
  return part && Object.entries(part).find(([key]) => key.startsWith('value'))?.[1]
}

async function lookup(system: string, code: string) {
  const { json } = await server.expect(
    200,
    `GET CodeSystem/$lookup?system=${encodeURIComponent(system)}&code=${code}&property=*`,
  )
  const all = json.parameter as Part[]
  const properties = all.filter(({ name }) => name === 'property').map(({ part }) => part!)
  return {
    display: said(all, 'display'),
    version: said(all, 'version'),
    designations: all.filter(({ name }) => name === 'designation').map(({ part }) => said(part!, 'value')),
    property: (code: string) => properties.filter((one) => said(one, 'code') === code).map((one) => said(one, 'value')),
  }
}

async function expand(include: Record<string, unknown>, asked = '') {
  const valueSet = { resourceType: 'ValueSet', status: 'draft', compose: { include: [include] } }
  const filter = asked ? [{ name: 'filter', valueString: asked }] : []
  const body = { resourceType: 'Parameters', parameter: [{ name: 'valueSet', resource: valueSet }, ...filter] }
  const { json } = await server.expect(200, 'POST ValueSet/$expand', { body })
  return (json.expansion.contains ?? []).map(({ code }: { code: string }) => code)
}

describe('ICD-10-PCS', () => {
  const url = 'http://www.cms.gov/Medicare/Coding/ICD10'
  const line = (order: number, code: string, flag: string, short: string, long: string) =>
    fixed(77 + long.length, [1, String(order).padStart(5, '0')], [7, code], [15, flag], [17, short], [78, long])

  it('has its tables above their codes', async () => {
    const file = [line(1, '9ZZ', '0', 'Imagining', 'Imagining'), line(2, '9ZZ0XYZ', '1', 'Imag', 'Imagining of Walls')]
    await loadInto(server, 'icd10pcs', releases.write({ 'icd10pcs_order_2022.txt': file.join('\n') }))
    const { display, property } = await lookup(url, '9ZZ0XYZ')
    expect([display, property('parent'), property('billable')]).toEqual(['Imagining of Walls', ['9ZZ'], [true]])
  })
})

describe('HCPCS Level II', () => {
  const url = 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets'
  const detail = [
    [230, 'C'],
    [269, '20010101'],
    [277, '20190101'],
    [293, 'N'],
  ] as const

  const record = [
    '***Disclaimers',
    '',
    fixed(320, [4, 'ZQ'], [6, '001007'], [12, 'Done by the light of the moon'], [92, 'By moonlight'], ...detail),
    fixed(
      320,
      [1, 'Z0001'],
      [6, '001003'],
      [12, 'Ladder, for the moon, with all the rungs that it takes to get there and'],
      [92, 'Ladder, moon'],
      [120, '00'],
      [122, '32'],
      ...detail,
    ),
    fixed(320, [1, 'Z0001'], [6, '002004'], [12, 'back']),
    fixed(320, [1, 'Z0002'], [6, '001003'], [12, 'Rope'], [92, 'Rope'], ...detail, [285, '20171231']),
  ].join('\r\n')

  it('is read from fixed records', async () => {
    await loadInto(server, 'hcpcs', releases.write({ 'HCPC2019_CONTR_ANWEB.txt': record }))
    const ladder = await lookup(url, 'Z0001')
    expect([
      ladder.display,
      ladder.version,
      ladder.designations,
      ladder.property('pricing'),
      ladder.property('addedDate'),
    ]).toEqual([
      'Ladder, for the moon, with all the rungs that it takes to get there and back',
      '2019',
      expect.arrayContaining(['Ladder, moon']),
      ['00', '32'],
      ['2001-01-01'],
    ])
    expect((await lookup(url, 'ZQ')).property('kind')).toEqual(['modifier'])
    expect((await lookup(url, 'Z0002')).property('inactive')).toEqual([true])
  })

  it('is read from a table with a header, as newer releases have it', async () => {
    const table =
      'HCPC,SEQNUM,RECID,LONG DESCRIPTION,SHORT DESCRIPTION,PRICE CD1,ADD DT,ACTION CD\nZ0001,100,3,"Ladder, folding",Ladder,32,20240101,A\n'
    await loadInto(server, 'hcpcs', releases.write({ 'HCPC2024_APR_ANWEB.csv': table }))
    const { display, version, property } = await lookup(url, 'Z0001')
    expect([display, version, property('pricing'), property('addedDate')]).toEqual([
      'Ladder, folding',
      '2024-04',
      ['32'],
      ['2024-01-01'],
    ])
  })

  it.each([
    [`${record}\r\nno record at all`, 'line 7: “no record at all”; expected a code (1 to 5)'],
    [
      fixed(320, [1, 'Z0001'], [6, '002004'], [12, 'back']),
      'line 1: more of Z0001; expected the first record of Z0001 before it',
    ],
    ['nothing', 'no record; expected records of 320 characters'],
  ])('refuses another file: %#', async (content, why) => {
    await expect(loadInto(server, 'hcpcs', releases.write({ 'HCPC2019_CONTR_ANWEB.txt': content }))).rejects.toThrow(
      why,
    )
  })
})

describe('CPT', () => {
  const url = 'http://www.ama-assn.org/go/cpt'
  const notice = 'Somebody holds the copyright.\nNobody else does.\n\n'

  it('is not there without its files, and that is said', async () => {
    const { text } = await server.expect(404, `GET CodeSystem/$lookup?system=${url}&code=0001X`)
    expect(text).toContain('npm run terminology -- load cpt')
  })

  it('is read from description files, with modifiers and relative value units', async () => {
    const path = releases.write({
      'LONGULT.txt': `${notice}0001X\tConversation with a plant, each leaf\n0002X\tReading aloud\n`,
      'MEDU.txt': `${notice}0001X CONVERSATION PLANT EA LEAF\n`,
      'SHORTU.txt': `${notice}0001X TALK TO PLANT\n`,
      'MODUL.txt': `${notice}Q9\tDone while asleep\n`,
      'PPRRVU26.csv':
        'HCPCS,MOD,Status Code,Work RVU,Non-Facility Total,Facility Total\n0001X,,A,1.30,2.68,1.95\n0001X,26,A,9,9,9\n',
    })
    await loadInto(server, 'cpt', path, '2026')
    const { display, designations, property } = await lookup(url, '0001x')
    expect([display, designations, property('workRVU'), property('nonFacilityRVU')]).toEqual([
      'Conversation with a plant, each leaf',
      expect.arrayContaining(['CONVERSATION PLANT EA LEAF', 'TALK TO PLANT']),
      [1.3],
      [2.68],
    ])
    expect((await lookup(url, 'Q9')).property('kind')).toEqual(['modifier'])
    expect(await expand({ system: url }, 'plant conv')).toEqual(['0001X'])
  })

  it('is read from the fixed form and from the consolidated list', async () => {
    const piece = `${notice}0003X01 Counting of sheep, first flock, with a report on each sheep that is\n0003X02 counted\n`
    await loadInto(server, 'cpt', releases.write({ 'LONGULF.txt': piece }), '2024')
    const list =
      'Concept Id\tCPT Code\tLong\tMedium\tShort\tConsumer\tCurrent Descriptor Effective Date\n1\t0003X\tCounting of goats\tGOATS\tGOATS\tGoats\t1/1/2027\n'
    await loadInto(server, 'cpt', releases.write({ 'Consolidated_Code_List.txt': list }), '2027')
    const of = async (version: string) =>
      said(
        (await server.expect(200, `GET CodeSystem/$lookup?system=${url}&code=0003X&version=${version}`)).json.parameter,
        'display',
      )
    expect([await of('2024'), await of('2027')]).toEqual([
      'Counting of sheep, first flock, with a report on each sheep that is counted',
      'Counting of goats',
    ])
  })

  it.each([
    [{ 'LONGULT.txt': notice }, '2026', 'no code on any line'],
    [{ 'LONGULT.txt': '0001X\tOne\n0001X\tTwo\n' }, '2026', 'line 2: 0001X once more; expected each code once'],
    [{ 'LONGULT.txt': '0001X\tOne\n' }, undefined, 'do not say of which year'],
    [{ 'other.txt': '' }, '2026', 'has no LONGULT.txt'],
  ])('refuses %j', async (files, version, why) => {
    await expect(loadInto(server, 'cpt', releases.write(files), version)).rejects.toThrow(why)
  })
})

describe('LOINC', () => {
  const url = 'http://loinc.org'
  const columns =
    'LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,CLASS,VersionLastChanged,STATUS,CLASSTYPE,RELATEDNAMES2,SHORTNAME,EXTERNAL_COPYRIGHT_NOTICE,LONG_COMMON_NAME,COMMON_TEST_RANK'
  const files = {
    'Loinc_9.81/LoincTable/Loinc.csv': [
      columns,
      '901-1,Moonlight,MCnc,Pt,Ser,Qn,,CHEM,9.81,ACTIVE,1,serum; Luna,Moonlight Ser,,Moonlight [Mass/volume] in Serum,0',
      '902-9,Moonlight,MCnc,Pt,Ser/Plas,Qn,,CHEM,9.80,ACTIVE,1,Luna,Moonlight SerPl,,Moonlight [Mass/volume] in Serum or Plasma,3',
      '903-7,Stars,Num,Pt,Sky,Qn,,ASTRO,9.70,DEPRECATED,2,,Stars,somebody,Stars [#] in Sky,0',
      '904-5,Night panel,-,Pt,^Patient,-,,PANEL.CHEM,9.70,ACTIVE,1,,Night,,Night panel,0',
      '905-2,Mood,Find,Pt,^Patient,Ord,,SURVEY,9.70,ACTIVE,4,,Mood,,Mood of the night,0',
    ].join('\n'),
    'Loinc_9.81/AccessoryFiles/PartFile/Part.csv':
      'PartNumber,PartTypeName,PartName,PartDisplayName,Status\nLP1-1,COMPONENT,Moonlight,Light of the moon,ACTIVE\n',
    'Loinc_9.81/AccessoryFiles/PartFile/LoincPartLink_Primary.csv': [
      'LoincNumber,LongCommonName,PartNumber,PartName,PartCodeSystem,PartTypeName,LinkTypeName,Property',
      '901-1,x,LP1-1,Moonlight,http://loinc.org,COMPONENT,Primary,http://loinc.org/property/COMPONENT',
      '902-9,x,LP1-1,Moonlight,http://loinc.org,COMPONENT,Primary,http://loinc.org/property/COMPONENT',
    ].join('\n'),
    'Loinc_9.81/AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv': [
      'PATH_TO_ROOT,SEQUENCE,IMMEDIATE_PARENT,CODE,CODE_TEXT',
      ',1,,LP9-9,Lights',
      'LP9-9,1,LP9-9,LP1-1,Moonlight',
      'LP9-9.LP1-1,1,LP1-1,901-1,x',
      'LP9-9.LP1-1,2,LP1-1,902-9,x',
    ].join('\n'),
    'Loinc_9.81/AccessoryFiles/AnswerFile/AnswerList.csv':
      'AnswerListId,AnswerListName,AnswerStringId,SequenceNumber,DisplayText\nLL5-5,Moods,LA1-1,1,Bright\nLL5-5,Moods,LA2-2,2,Dark\n',
    'Loinc_9.81/AccessoryFiles/AnswerFile/LoincAnswerListLink.csv':
      'LoincNumber,LongCommonName,AnswerListId,AnswerListName,AnswerListLinkType\n905-2,x,LL5-5,Moods,NORMATIVE\n',
    'Loinc_9.81/AccessoryFiles/PanelsAndForms/PanelsAndForms.csv':
      'ParentId,ParentLoinc,ParentName,ID,SEQUENCE,Loinc,LoincName\n1,904-5,Night panel,1,0,904-5,Night panel\n1,904-5,Night panel,2,1,902-9,x\n1,904-5,Night panel,3,2,905-2,x\n',
    'Loinc_9.81/AccessoryFiles/LinguisticVariants/frFR18LinguisticVariant.csv':
      'LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,LONG_COMMON_NAME\n901-1,Clair de lune,,,Sérum,,,\n902-9,,,,,,,Clair de lune [masse/volume]\n',
  }

  beforeAll(() => loadInto(server, 'loinc', releases.write({ 'Loinc_9.81.zip': zip(files) })))

  it('has parts, class, status, languages and answer lists', async () => {
    const { display, version, property, designations } = await lookup(url, '902-9')
    expect([
      display,
      version,
      property('CLASS'),
      property('copyright'),
      property('parent'),
      property('COMPONENT'),
    ]).toEqual([
      'Moonlight [Mass/volume] in Serum or Plasma',
      '9.81',
      ['CHEM'],
      ['LOINC'],
      ['LP1-1'],
      [{ system: url, code: 'LP1-1', display: 'Moonlight' }],
    ])
    expect(designations).toEqual(expect.arrayContaining(['Moonlight SerPl', 'Clair de lune [masse/volume]']))
    expect((await lookup(url, '903-7')).property('inactive')).toEqual([true])
    expect((await lookup(url, '905-2')).property('answer-list')).toEqual(['LL5-5'])
  })

  it('finds the common test first, in any of its languages', async () => {
    expect(await expand({ system: url }, 'moonlight serum')).toEqual(['902-9', '901-1'])
    expect((await expand({ system: url }, 'clair')).sort()).toEqual(['901-1', '902-9'])
    expect(await expand({ system: url }, 'serum moon')).toEqual(['902-9', '901-1'])
  })

  it.each([
    ['COMPONENT', '=', 'LP1-1', ['901-1', '902-9']],
    ['COMPONENT', '=', 'Moonlight', ['901-1', '902-9']],
    ['COMPONENT', '=', 'Stars', ['903-7']],
    ['concept', 'is-a', 'LP9-9', ['901-1', '902-9', 'LP1-1', 'LP9-9']],
    ['ancestor', '=', 'LP1-1', ['901-1', '902-9']],
    ['LIST', '=', 'LL5-5', ['LA1-1', 'LA2-2']],
    ['answers-for', '=', '905-2', ['LA1-1', 'LA2-2']],
    ['parent', '=', '904-5', ['902-9', '905-2']],
    ['panel', '=', '904-5', ['902-9', '905-2']],
    ['STATUS', '=', 'DEPRECATED', ['903-7']],
    ['copyright', '=', '3rdParty', ['903-7']],
    ['CLASS', 'regex', 'PANEL\\..*|ASTRO', ['903-7', '904-5']],
  ])('%s %s %s', async (property, op, value, codes) => {
    expect((await expand({ system: url, filter: [{ property, op, value }] })).sort()).toEqual(codes)
  })

  it.each([
    ['http://loinc.org/vs/LL5-5', ['LA1-1', 'LA2-2']],
    ['http://loinc.org/vs/LP9-9', ['901-1', '902-9', 'LP1-1']],
  ])('implies %s', async (implied, codes) => {
    const { json } = await server.expect(200, `GET ValueSet/$expand?url=${implied}`)
    expect(json.expansion.contains.map(({ code }: { code: string }) => code).sort()).toEqual(codes)
  })

  it('refuses what is not LOINC', async () => {
    await expect(loadInto(server, 'loinc', releases.write({ 'Loinc.csv': 'LOINC_NUM,NAME\n1,2\n' }))).rejects.toThrow(
      'line 1: a header without LONG_COMMON_NAME',
    )
  })
})

describe('RxNorm', () => {
  const url = 'http://www.nlm.nih.gov/research/umls/rxnorm'
  const name = (cui: string, type: string, text: string, suppress = 'N', source = 'RXNORM') =>
    `${cui}|ENG||||||${cui}0|${cui}0|${cui}||${source}|${type}|${cui}|${text}||${suppress}|4096|`
  const relation = (object: string, subject: string, rela: string) =>
    `${object}||CUI|RO|${subject}||CUI|${rela}|||RXNORM|RXNORM||||4096|`

  beforeAll(() =>
    loadInto(
      server,
      'rxnorm',
      releases.write({
        'rrf/RXNCONSO.RRF': [
          name('11', 'IN', 'moonwort'),
          name('12', 'SCDC', 'moonwort 5 MG'),
          name('13', 'SCD', 'moonwort 5 MG Oral Tablet'),
          name('13', 'SY', 'moonwort 5 MG pill'),
          name('13', 'AB', 'other words', 'N', 'MTHSPL'),
          name('14', 'BN', 'Lunalin'),
          name('15', 'SBD', 'moonwort 5 MG Oral Tablet [Lunalin]'),
          name('16', 'DF', 'Oral Tablet'),
          name('17', 'SCD', 'moonwort 1 MG Oral Tablet', 'O'),
          name('18', 'SCDF', 'moonwort Oral Tablet'),
        ].join('\n'),
        'rrf/RXNREL.RRF': [
          relation('11', '12', 'has_ingredient'),
          relation('12', '13', 'consists_of'),
          relation('16', '13', 'has_dose_form'),
          relation('13', '15', 'tradename_of'),
          relation('18', '13', 'isa'),
        ].join('\n'),
        'rrf/RXNSAT.RRF': '13||||AUI|13|||NDC|RXNORM|00999000101|N|4096|\n13||||AUI|13|||NDC|GS|123|N|4096|\n',
        'rrf/RXNSTY.RRF': '13|T200|A1.3.3|Clinical Drug||4096|\n',
        'rrf/RXNSAB.RRF':
          'C1|C2|RXNORM_26AA_260105F|RXNORM|RxNorm||26AA_260105F|||||||0|0|||||ENG|UTF-8|Y|Y|RXNORM||\n',
      }),
    ),
  )

  it('has ingredients of clinical and branded drugs, dose form, NDC and semantic type', async () => {
    const drug = await lookup(url, '13')
    expect([
      drug.display,
      drug.version,
      drug.property('TTY'),
      drug.property('ingredient'),
      drug.property('has_dose_form'),
    ]).toEqual(['moonwort 5 MG Oral Tablet', '01052026', ['SCD'], ['11'], ['16']])
    expect([drug.property('NDC'), drug.property('STY'), drug.property('parent')]).toEqual([
      ['00999000101'],
      ['T200'],
      ['18'],
    ])
    expect(drug.designations).toEqual(expect.arrayContaining(['moonwort 5 MG pill']))
    expect((await lookup(url, '15')).property('ingredient')).toEqual(['11'])
    expect((await lookup(url, '17')).property('inactive')).toEqual([true])
  })

  it.each([
    ['TTY', 'in', 'IN,BN', ['11', '14']],
    ['consists_of', '=', 'CUI:12', ['13']],
    ['ingredient', '=', '11', ['12', '13', '15']],
  ])('%s %s %s', async (property, op, value, codes) => {
    expect((await expand({ system: url, filter: [{ property, op, value }] })).sort()).toEqual(codes)
  })

  it('maps National Drug Codes to its drugs, and back', async () => {
    await withDatabase(server.database.url, async (db) => {
      const [loaded] = codeSystemsOf(db)(1)
      const map = (await loaded!.implicitMap!(`${url}?fhir_cm=ndc`))!
      expect([map.source, map.target]).toEqual(['http://hl7.org/fhir/sid/ndc', url])
      const drug = { code: '13', display: 'moonwort 5 MG Oral Tablet', equivalence: 'wider' }
      expect([...(await map.targetsOf(['00999000101', '0999-0001-01', '1'])).entries()]).toEqual([
        ['00999000101', [drug]],
        ['0999-0001-01', [drug]],
      ])
      expect([...(await map.sourcesOf(['13', '14'])).entries()]).toEqual([
        ['13', [{ code: '00999000101', equivalence: 'narrower' }]],
      ])
    })
  })

  it('refuses a row that is too short, and a release without its names', async () => {
    const short = releases.write({ 'RXNCONSO.RRF': '1|ENG|\n' })
    await expect(loadInto(server, 'rxnorm', short, '1')).rejects.toThrow('line 1: 2 columns; expected 18 parted by |')
    await expect(loadInto(server, 'rxnorm', releases.write({ 'RXNREL.RRF': '' }))).rejects.toThrow(
      'has no RXNCONSO.RRF',
    )
  })
})

describe('NDC', () => {
  const url = 'http://hl7.org/fhir/sid/ndc'
  const product =
    'PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME\tPROPRIETARYNAME\tPROPRIETARYNAMESUFFIX\tNONPROPRIETARYNAME\tDOSAGEFORMNAME\tLABELERNAME\tACTIVE_NUMERATOR_STRENGTH\tACTIVE_INGRED_UNIT\nx\t0999-0001\tHUMAN OTC DRUG\tLunalin\tForte\tmoonwort\tTABLET\tMoon "Inc."\t5\tmg/1\n'
  const packages =
    'PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION\tSTARTMARKETINGDATE\nx\t0999-0001\t0999-0001-01\t30 TABLET in 1 BOTTLE\t20200131\n'

  it('knows a package in ten digits and in eleven', async () => {
    await loadInto(
      server,
      'ndc',
      releases.write({ '2026-01-01/product.txt': product, '2026-01-01/package.txt': packages }),
    )
    for (const code of ['0999-0001-01', '00999000101', '00999-0001-01']) {
      const { display, version, property } = await lookup(url, code)
      expect([display, version, property('parent'), property('startMarketingDate')]).toEqual([
        '30 TABLET in 1 BOTTLE',
        '2026-01-01',
        ['0999-0001'],
        ['2020-01-31'],
      ])
    }
    expect((await lookup(url, '0999-0001')).display).toBe('Lunalin Forte, 5 mg/1, TABLET')
  })

  it('refuses codes that are none', async () => {
    const path = releases.write({ 'product.txt': product.replace('0999-0001', '9990001'), 'package.txt': packages })
    await expect(loadInto(server, 'ndc', path, '1')).rejects.toThrow(
      'line 2: “9990001”; expected a product code such as 0002-0152',
    )
  })
})

describe('lists', () => {
  it.each([
    [
      'cvx',
      {
        'cvx.txt':
          '901 |moon|moon vaccine, live||Active|False|2020/01/31\n9|star|star vaccine|note|Inactive|False|2019/01/01\n',
      },
      '2026',
      'http://hl7.org/fhir/sid/cvx',
      '901',
      'moon',
    ],
    [
      'mvx',
      { 'mvx.txt': 'LUN|Luna Laboratories||Active|2020/01/31\n' },
      '2026',
      'http://hl7.org/fhir/sid/mvx',
      'LUN',
      'Luna Laboratories',
    ],
    [
      'nucc',
      {
        'nucc_taxonomy_261.csv':
          'Code,Grouping,Classification,Specialization,Definition,Notes,Display Name,Section\n99ZZ00000X,Moon,Lunatic,Full,x,,Full Lunatic,Individual\n',
      },
      undefined,
      'http://nucc.org/provider-taxonomy',
      '99ZZ00000X',
      'Full Lunatic',
    ],
    [
      'carc',
      {
        'carc.csv':
          'Code,Description,Start Date,Stop Date\n997,"Asked for, under the wrong moon",1/1/1995,\n996,Too late,1/1/1995,6/30/2007\n',
      },
      '2026-01',
      'https://x12.org/codes/claim-adjustment-reason-codes',
      '997',
      'Asked for, under the wrong moon',
    ],
    [
      'rarc',
      { 'rarc.csv': 'Code,Description\nZ99,Alert: see the moon\n' },
      '2026-01',
      'https://x12.org/codes/remittance-advice-remark-codes',
      'z99',
      'Alert: see the moon',
    ],
  ])('%s', async (name, files, version, url, code, display) => {
    await loadInto(server, name, releases.write(files as Record<string, string>), version)
    expect((await lookup(url, code)).display).toBe(display)
  })

  it('pos, of which HL7 Terminology has a version of its own', async () => {
    const url = 'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set'
    const header = 'Place of Service Code(s),Place of Service Name,Place of Service Description'
    const path = releases.write({ 'pos.csv': `${header}\n97,Moon,A place above\n28-30,Unassigned,N/A\n` })
    await loadInto(server, 'pos', path, '20260101')
    const asked = `GET CodeSystem/$lookup?system=${url}&version=20260101&code=97`
    expect(said((await server.expect(200, asked)).json.parameter, 'display')).toBe('Moon')
  })

  it('tells what is over', async () => {
    expect((await lookup('http://hl7.org/fhir/sid/cvx', '09')).property('inactive')).toEqual([true])
    expect((await lookup('https://x12.org/codes/claim-adjustment-reason-codes', '996')).property('stopDate')).toEqual([
      '2007-06-30',
    ])
  })

  it('refuses a code that is none, with its line', async () => {
    const path = releases.write({ 'carc.csv': 'Code,Description\n1,One\nfive,Five\n' })
    await expect(loadInto(server, 'carc', path, '1')).rejects.toThrow(
      'carc.csv, line 3: “five”; expected a code such as 197',
    )
  })
})
