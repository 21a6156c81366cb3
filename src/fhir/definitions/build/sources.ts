import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bundle, Resource } from '@medplum/fhirtypes'

export const R4 = '4.0.1'

/** The published R4 definition files. */
const files = {
  types: 'profiles-types.json',
  resources: 'profiles-resources.json',
  profiles: 'profiles-others.json',
  extensions: 'extension-definitions.json',
  elements: 'dataelements.json',
  searchParameters: 'search-parameters.json',
  valueSets: 'valuesets.json',
  v2: 'v2-tables.json',
  v3: 'v3-codesystems.json',
  conceptMaps: 'conceptmaps.json',
}

type File = keyof typeof files

/** What the build reads, each file once. */
export class Sources {
  private readonly bundles = new Map<File, Resource[]>()

  /**
   * @param core         folder of the published R4 definition files
   * @param terminology  folder of the package HL7 Terminology, a file for each resource
   */
  constructor(
    private readonly core: string,
    private readonly terminology: string,
  ) {}

  /** Files whose change makes a new build necessary. */
  get paths(): string[] {
    return [...Object.values(files).map((file) => join(this.core, file)), join(this.terminology, 'package.json')]
  }

  read(file: File): unknown {
    return JSON.parse(readFileSync(join(this.core, files[file]), 'utf8'))
  }

  bundle(file: File): readonly Resource[] {
    let resources = this.bundles.get(file)
    if (!resources) {
      resources = (this.read(file) as Bundle).entry!.map(({ resource }) => resource!)
      this.bundles.set(file, resources)
    }
    return resources
  }

  /** Of HL7 Terminology those of some types, one after the other. */
  *terminologyOf(types: readonly string[]): Generator<Resource> {
    for (const name of readdirSync(this.terminology).sort()) {
      if (types.some((type) => name.startsWith(`${type}-`) && name.endsWith('.json')))
        yield JSON.parse(readFileSync(join(this.terminology, name), 'utf8'))
    }
  }
}
