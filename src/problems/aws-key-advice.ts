/**
 * Advice on passing an API key to an AWS client. Several exception messages of the AWS protocols end with it.
 */

/**
 * The advice names all three arguments. Given only an aws_session_token, boto3 prefers credentials from its
 * environment, and would send the process's own AWS token here. The advice does not suggest environment
 * variables, because then all other AWS clients of the process would send the key to AWS.
 */
export const AWS_KEY_ADVICE =
  'Pass all three arguments to the constructor of the client, with the API key as session token: ' +
  'aws_access_key_id="flowtap", aws_secret_access_key="unused", aws_session_token=<API key> in boto3; ' +
  'credentials: { accessKeyId: "flowtap", secretAccessKey: "unused", sessionToken: <API key> } in JavaScript; ' +
  'a separate profile in the AWS CLI. With fewer arguments, a client uses AWS credentials from its environment instead.';
