import { Random } from '../../seed/random.js'

const QUALIFIERS =
  'acute chronic recurrent congenital acquired benign malignant primary secondary partial complete open closed left right bilateral proximal distal superficial deep anterior posterior mild moderate severe idiopathic traumatic infectious allergic toxic metabolic hereditary neonatal juvenile senile transient persistent diffuse localized multiple'.split(
    ' ',
  )
const SITES =
  'heart lung kidney liver spleen stomach pancreas brain nerve artery vein femur tibia humerus radius ulna pelvis spine skull mandible eye ear nose throat larynx trachea bronchus esophagus colon rectum bladder prostate uterus ovary breast skin scalp hand foot wrist ankle knee hip shoulder elbow thyroid adrenal retina cornea lens tongue tooth gingiva aorta ventricle atrium valve pleura diaphragm tendon ligament muscle joint marrow thymus node'.split(
    ' ',
  )
const KINDS =
  'fracture inflammation neoplasm carcinoma abscess ulcer hemorrhage thrombosis embolism stenosis atrophy hypertrophy infection necrosis cyst fistula hernia rupture laceration contusion burn deformity degeneration fibrosis calcification edema ischemia infarction dysplasia hyperplasia paralysis spasm pain disorder syndrome deficiency excess excision repair biopsy drainage imaging measurement'.split(
    ' ',
  )
const CAUSES =
  'virus bacteria fungus parasite drug alcohol trauma surgery radiation pregnancy diabetes hypertension immunodeficiency malnutrition poison heat cold pressure obstruction aging'.split(
    ' ',
  )
const SUBSTANCES =
  'glucose sodium potassium calcium creatinine urea albumin bilirubin cholesterol triglyceride hemoglobin ferritin insulin cortisol thyrotropin troponin lactate ammonia magnesium phosphate zinc copper vitamin folate prothrombin fibrinogen antibody antigen protein globulin'.split(
    ' ',
  )

const SYLLABLES =
  'ab an ar bar cal cor cyt derm en ep fer gas glo hem hep in ker lac lip lymph mal men myo neph neur ost ox path phleb pneu pol rhin scler sep ser som spon sten tach thel thromb tox troph ur vas ven xanth itis osis oma emia ectomy plasty algia opathy'.split(
    ' ',
  )

/** Rare words: as in language, each is used the less the further back it stands. */
const RARE = rareWords(30_000)

function rareWords(size: number): string[] {
  const random = new Random('releases/words')
  return Array.from({ length: size }, () =>
    Array.from({ length: random.whole(2, 4) }, () => random.pick(SYLLABLES)).join(''),
  )
}

const rare = (random: Random): string => RARE[Math.floor(RARE.length ** random.fraction()) - 1]!

/** A phrase as a clinical terminology has it; few of many are the same. */
export function phrase(random: Random): string {
  const words = [random.pick(QUALIFIERS), rare(random), random.pick(KINDS), 'of', random.pick(SITES)]
  if (random.chance(0.6)) words.push('due', 'to', rare(random))
  if (random.chance(0.3)) words.push('with', random.pick(CAUSES), random.pick(KINDS))
  const text = words.join(' ')
  return text[0]!.toUpperCase() + text.slice(1)
}

/** What somebody has typed who looks for this: the beginnings of one to three of its words. */
export function typed(random: Random, display: string): string {
  const words = display.split(/[^A-Za-z]+/).filter((word) => word.length > 4)
  const some = Array.from({ length: random.whole(1, 3) }, () => random.pick(words) ?? display)
  return some.map((word) => word.slice(0, random.whole(3, word.length))).join(' ')
}

export const substance = (random: Random): string => random.pick(SUBSTANCES)
export const site = (random: Random): string => random.pick(SITES)
