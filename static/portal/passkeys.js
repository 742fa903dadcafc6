// Says on the page, and not only in the console, that a passkey did not work.
document.addEventListener('allauth.error', function () {
  const problem = document.getElementById('passkey_problem')
  if (problem) problem.hidden = false
})
