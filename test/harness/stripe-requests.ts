/** The adapter's requests to Stripe, and the files in `test/fixtures/stripe/` with the answers of `stripe-mock`. */
export const STRIPE_REQUESTS: Readonly<Record<string, string>> = {
  '/v1/invoices/in_1?expand[0]=payments': 'invoice.json',
  '/v1/invoices/in_1': 'invoice.json',
  '/v1/invoices/invoice': 'invoice.json',
  '/v1/invoice_payments?payment[type]=payment_intent&payment[payment_intent]=pi_1&limit=100': 'invoice-payments.json',
  '/v1/invoice_payments?invoice=in_1&status=paid&limit=100': 'invoice-payments.json',
  '/v1/disputes?payment_intent=pi_1&limit=100': 'disputes.json',
};
