import { useParams } from '@tanstack/react-router';

import { PrototypeDetail } from '@/features/prototypes/components/PrototypeDetail';
import { PrototypeList } from '@/features/prototypes/components/PrototypeList';
import { useTitle } from '@/shared/hooks/useTitle';
import { PageHead } from '@/shared/ui/Panel';

export function PrototypesPage() {
  useTitle('Prototypes');
  return (
    <>
      <PageHead title="Prototypes">The networks to start from: built in, or your own as ONNX.</PageHead>
      <PrototypeList />
    </>
  );
}

export function PrototypePage() {
  const { prototypeId } = useParams({ from: '/prototypes/$prototypeId' });
  return <PrototypeDetail id={prototypeId} key={prototypeId} />;
}
