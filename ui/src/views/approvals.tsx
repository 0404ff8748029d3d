// All calls of tools that wait for a permission.
import { t } from '../core/text';
import { ApprovalCard, useApprovals } from '../parts/approval';
import { Empty, Failure } from '../parts/parts';
import type { ViewProps } from './views';

export default function Approvals({ role }: ViewProps) {
  const { data, error, reload } = useApprovals();
  return (
    <div class="stack">
      <Failure error={error} retry={reload} />
      {data?.approvals.length === 0 && <Empty icon="shield-check" title={t('approvals.none')}><p>{t('approvals.noneHelp')}</p></Empty>}
      {data?.approvals.map((one) => <ApprovalCard key={one.id} one={one} mayDecide={role === 'operator'} done={reload} />)}
    </div>
  );
}
