/**
 * How to give an API key to an AWS client: the advice that several exceptions of the AWS protocol end with.
 */

/**
 * It names all three arguments, because boto3 ignores an aws_session_token alone if it finds credentials in
 * its environment, and then sends the process's own AWS token here. It does not name environment variables,
 * because then every other client would send the key to AWS.
 */
export const AWS_KEY_ADVICE =
  'Pass the API key as session token, and all three arguments to the constructor of the client: ' +
  'aws_access_key_id="flowtap", aws_secret_access_key="unused", aws_session_token=<API key> in boto3; ' +
  'credentials: { accessKeyId: "flowtap", secretAccessKey: "unused", sessionToken: <API key> } in JavaScript; ' +
  'a separate profile in the AWS CLI. With fewer arguments, a client uses AWS credentials from its environment instead.';
