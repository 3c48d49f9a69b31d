import * as z from 'zod';

/** The one event of `receipts-<chatId>.<userId>`: both marks, cumulative; neither ever falls. */
export const StoredReceiptsData = {
  ReceiptsMoved: z.object({ readSeq: z.int().min(0), deliveredSeq: z.int().min(0) }),
};
export type StoredReceiptsFact = { type: 'ReceiptsMoved'; data: z.infer<typeof StoredReceiptsData.ReceiptsMoved> };
