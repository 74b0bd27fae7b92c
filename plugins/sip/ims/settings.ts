// What holds for SMS over IMS where a profile, a trunk or a bind says nothing of it.
import type { ImsSettings, MessageSettings } from '../profile/types.ts'

/** A little above what a phone may take to answer (TS 24.011 §10, TR2N). */
const standard: ImsSettings = { answerMs: 40_000, quarters: 0 }

export function imsSettings({ ims }: Pick<MessageSettings, 'ims'>): ImsSettings {
  return ims ?? standard
}
