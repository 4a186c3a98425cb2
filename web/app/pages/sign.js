// Comes.
export { default as SignIn, default as SignUp } from "./queue.js";
