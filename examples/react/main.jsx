// Shows an execution with components of one's own: `useExecution` brings its state, live.
import { createRoot } from 'react-dom/client';
import { useExecution } from 'flowtap/react';

function Execution({ id }) {
  const { status, steps, messages, error } = useExecution(id, {
    ticketUrl: `/ticket?id=${encodeURIComponent(id)}`,
  });
  if (error && !status) return <p role="alert">{error.message}</p>;
  return (
    <main>
      <h1>{status ?? 'Connecting …'}</h1>
      {steps && <Steps steps={steps.children} />}
      <p>{messages.length} messages</p>
    </main>
  );
}

function Steps({ steps }) {
  return (
    <ul>
      {steps.map((step) => (
        <li key={`${step.name} ${step.messageIds[0]}`}>
          {step.name}: {step.status}
          {step.attempts > 1 && `, ${step.attempts} attempts`}
          {step.error && `, ${step.error}`}
          {step.children.length > 0 && <Steps steps={step.children} />}
        </li>
      ))}
    </ul>
  );
}

const id = new URLSearchParams(location.search).get('id') ?? '';
createRoot(document.getElementById('root')).render(<Execution id={id} />);
