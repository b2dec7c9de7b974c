// DryRun: everything is checked, nothing is done, and the answer is an exception that says so.
import { AwsError } from './aws-error.ts'

/** Ends the call where the request asked for a dry run; call it after the checks and before the work. */
export function checkDryRun({ dryRun }: { readonly dryRun?: boolean | undefined }): void {
  if (dryRun) throw new AwsError('DryRunOperationException', 'The request would have succeeded, but the DryRun parameter was set.')
}
