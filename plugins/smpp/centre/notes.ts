// What the message centre notes on a message (Submission.report) for its receipts and for later
// requests about it. Beside these: `message_id` and `tlv.0x…`, which receipts know (receipt-out.ts).

/** With the part's number: the id that this part of a long message was answered with. */
export const partNote = 'part.'
/** On the message that has the id of a submit_multi: the ids of the others, with spaces between. */
export const othersNote = 'others'
/** `1/1/447700900123`: the ends as the client wrote them, where we would write them otherwise. */
export const fromNote = 'from'
export const toNote = 'to'
/** The submit's, where it is not 0: replace_sm has none of its own. */
export const codingNote = 'data_coding'
