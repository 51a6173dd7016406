/**
 * The history of an order: a state machine with parallel branches, retries, a map, and a failure that is
 * caught. With `fails`, another failure ends it.
 */
import { EventScript } from './event-script.ts';

const TIMEOUT = { error: 'PaymentGateway.Timeout', cause: 'The gateway did not answer within 3 s.' };
const OUT_OF_STOCK = { error: 'OutOfStock', cause: 'Article 4711: 0 left in warehouse B.' };
const DECLINED = {
  error: 'CardDeclined',
  cause: JSON.stringify({
    errorMessage: 'Card ending in 4242 was declined by the issuer: insufficient funds',
    errorType: 'CardDeclined',
    requestId: '6f1e0a2c-3d51-4f0a-9d7e-7f6a5b0c9a11',
    stackTrace: ['at charge (/var/task/payment.mjs:48:13)', 'at async handler (/var/task/index.mjs:12:18)'],
  }),
};
export const ORDER = {
  order: 'A-1042',
  customer: 'c-77',
  items: [
    { sku: '4711', count: 2 },
    { sku: '0815', count: 1 },
  ],
};

/** With `fails`, the capture of the payment is declined, which ends the execution. */
export function orderFlow(outcome: 'succeeds' | 'fails'): EventScript {
  const script = new EventScript();
  const main = script
    .begin(ORDER)
    .task(40, 1_900, 'ValidateOrder', ORDER)
    .enter(1_950, 'Parallel', 'Prepare', ORDER);
  main.at(1_960, 'ParallelStateStarted');
  const payment = main.fork().enter(2_000, 'Task', 'AuthorizePayment', { order: 'A-1042', cents: 12_990 });
  payment.lambda(2_050, 5_100, TIMEOUT).lambda(7_100, 10_150, TIMEOUT).lambda(14_150, 15_400);
  payment.exit(15_450, 'Task', 'AuthorizePayment', { authorization: 'auth-991' });
  const stock = main.fork().enter(2_010, 'Map', 'ReserveItems', ORDER.items);
  stock.at(2_020, 'MapStateStarted', { mapStateStartedEventDetails: { length: 3 } });
  for (const [index, toMs] of [4_300, 6_800, 5_200].entries()) {
    const details = { index, name: 'ReserveItems' };
    const item = stock
      .fork()
      .at(2_040 + index, 'MapIterationStarted', { mapIterationStartedEventDetails: details });
    item.enter(2_100 + index * 30, 'Task', 'ReserveStock', { sku: ORDER.items[index % 2]?.sku });
    item.lambda(2_150 + index * 30, toMs - 400, index === 1 ? OUT_OF_STOCK : undefined);
    if (index === 1)
      item
        .exit(toMs - 350, 'Task', 'ReserveStock', OUT_OF_STOCK)
        .task(toMs - 330, toMs - 40, 'OrderFromSupplier');
    else item.exit(toMs - 40, 'Task', 'ReserveStock', { reserved: true });
    item.at(toMs, 'MapIterationSucceeded', { mapIterationSucceededEventDetails: details });
    if (index === 1) {
      item.at(6_850, 'MapStateSucceeded').exit(6_860, 'Map', 'ReserveItems');
      item.task(6_900, 9_400, 'PrintLabel');
    }
  }
  payment.at(15_480, 'ParallelStateSucceeded').exit(15_500, 'Parallel', 'Prepare');
  const after = payment.enter(15_520, 'Choice', 'IsComplete').exit(15_540, 'Choice', 'IsComplete');
  after.enter(15_560, 'Wait', 'CoolingOff').exit(22_560, 'Wait', 'CoolingOff');
  after.enter(22_600, 'Task', 'CapturePayment', { authorization: 'auth-991' });
  if (outcome === 'fails') {
    after.lambda(22_650, 25_300, DECLINED);
    after.at(25_360, 'ExecutionFailed', { executionFailedEventDetails: DECLINED });
    return script;
  }
  after.lambda(22_650, 24_900).exit(24_950, 'Task', 'CapturePayment', { captured: 12_990 });
  after.task(25_000, 28_700, 'ShipOrder').at(28_750, 'ExecutionSucceeded', {
    executionSucceededEventDetails: { output: JSON.stringify({ order: 'A-1042', shipped: true }) },
  });
  return script;
}
