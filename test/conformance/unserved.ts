// Operations of Twilio's file that are not served, each with the reason. The test holds this table to
// the truth: what is in it must not answer, and what is not in it must.

const ofAccount = '/2010-04-01/Accounts/{AccountSid}'

const because = (reason: string, names: string): [string, string][] =>
  names
    .trim()
    .split('\n')
    .map((name) => [name.trim().replace('…', ofAccount), reason])

export const unserved: ReadonlyMap<string, string> = new Map([
  ...because(
    'numbers are managed with the admin API',
    `
    GET …/Applications.json
    POST …/Applications.json
    GET …/Applications/{Sid}.json
    POST …/Applications/{Sid}.json
    DELETE …/Applications/{Sid}.json
    GET …/AvailablePhoneNumbers.json
    GET …/AvailablePhoneNumbers/{CountryCode}.json
    GET …/AvailablePhoneNumbers/{CountryCode}/Local.json
    GET …/AvailablePhoneNumbers/{CountryCode}/MachineToMachine.json
    GET …/AvailablePhoneNumbers/{CountryCode}/Mobile.json
    GET …/AvailablePhoneNumbers/{CountryCode}/National.json
    GET …/AvailablePhoneNumbers/{CountryCode}/SharedCost.json
    GET …/AvailablePhoneNumbers/{CountryCode}/TollFree.json
    GET …/AvailablePhoneNumbers/{CountryCode}/Voip.json
    GET …/Balance.json
    GET …/IncomingPhoneNumbers/{Sid}.json
    POST …/IncomingPhoneNumbers/{Sid}.json
    DELETE …/IncomingPhoneNumbers/{Sid}.json
    GET …/IncomingPhoneNumbers.json
    POST …/IncomingPhoneNumbers.json
    GET …/IncomingPhoneNumbers/Local.json
    POST …/IncomingPhoneNumbers/Local.json
    GET …/IncomingPhoneNumbers/Mobile.json
    POST …/IncomingPhoneNumbers/Mobile.json
    GET …/IncomingPhoneNumbers/TollFree.json
    POST …/IncomingPhoneNumbers/TollFree.json
    GET …/SMS/ShortCodes/{Sid}.json
    POST …/SMS/ShortCodes/{Sid}.json
    GET …/SMS/ShortCodes.json
    POST …/Tokens.json
    `,
  ),
  ...because(
    'there is one token an account',
    `
    GET …/Keys/{Sid}.json
    POST …/Keys/{Sid}.json
    DELETE …/Keys/{Sid}.json
    GET …/Keys.json
    POST …/Keys.json
    GET …/SigningKeys.json
    POST …/SigningKeys.json
    GET …/SigningKeys/{Sid}.json
    POST …/SigningKeys/{Sid}.json
    DELETE …/SigningKeys/{Sid}.json
    `,
  ),
  ...because(
    'usage is counted in CDRs',
    `
    GET …/Usage/Records.json
    GET …/Usage/Records/AllTime.json
    GET …/Usage/Records/Daily.json
    GET …/Usage/Records/LastMonth.json
    GET …/Usage/Records/Monthly.json
    GET …/Usage/Records/ThisMonth.json
    GET …/Usage/Records/Today.json
    GET …/Usage/Records/Yearly.json
    GET …/Usage/Records/Yesterday.json
    `,
  ),
  ...because(
    'there are no messaging services',
    `
    GET /v1/Services/{ServiceSid}/AlphaSenders
    POST /v1/Services/{ServiceSid}/AlphaSenders
    GET /v1/Services/{ServiceSid}/AlphaSenders/{Sid}
    DELETE /v1/Services/{ServiceSid}/AlphaSenders/{Sid}
    GET /v1/Services/{ServiceSid}/PhoneNumbers
    POST /v1/Services/{ServiceSid}/PhoneNumbers
    GET /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}
    DELETE /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}
    GET /v1/Services
    POST /v1/Services
    GET /v1/Services/{Sid}
    POST /v1/Services/{Sid}
    DELETE /v1/Services/{Sid}
    GET /v1/Services/{ServiceSid}/ShortCodes
    POST /v1/Services/{ServiceSid}/ShortCodes
    GET /v1/Services/{ServiceSid}/ShortCodes/{Sid}
    DELETE /v1/Services/{ServiceSid}/ShortCodes/{Sid}
    GET /v1/Services/Usecases
    `,
  ),
  ...because(
    'media come with MMS',
    `
    GET …/Messages/{MessageSid}/Media/{Sid}.json
    DELETE …/Messages/{MessageSid}/Media/{Sid}.json
    `,
  ),
  ...because('nobody waits for what a recipient did with a message', 'POST …/Messages/{MessageSid}/Feedback.json'),
  ...because('carriers report numbers given up to Twilio alone', 'GET /v1/Deactivations'),
])
