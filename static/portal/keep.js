// Keeps what was typed when a session ends meanwhile: it is put back after signing in again.
//
// Texts stay in this tab's own storage, for the person who typed them, until the form was sent, the person signs out or the
// tab is closed. Passwords, codes, files and access instructions are never kept.
(function () {
  const store = window.sessionStorage
  const reader = document.body.dataset.reader || ''
  const signingIn = document.body.hasAttribute('data-signing-in')
  const interrupted = document.body.hasAttribute('data-interrupted')
  const SECRET = /instruction|password|secret|token|credential|code/i
  // Not typed, but what the typed was made from: with it the portal notices what changed meanwhile.
  const CONTEXT = ['revision', 'seen']
  const TEXT = ['text', 'email', 'url', 'number', 'search', 'date', 'time', 'datetime-local']

  function keys () {
    return Object.keys(store).filter(key => key.startsWith('kept:'))
  }

  function nameOf (form) {
    return 'kept:' + reader + ':' + window.location.pathname + ':' + (form.getAttribute('action') || '')
  }

  function fieldsOf (form) {
    return Array.from(form.elements).filter(function (field) {
      if (!field.name || SECRET.test(field.name) || field.autocomplete === 'off') return false
      return field.tagName === 'TEXTAREA' || field.tagName === 'SELECT' || TEXT.includes(field.type) || CONTEXT.includes(field.name)
    })
  }

  function keep (form) {
    const values = {}
    fieldsOf(form).forEach(function (field) { values[field.name] = field.value })
    try { store.setItem(nameOf(form), JSON.stringify(values)) } catch (full) { store.removeItem(nameOf(form)) }
  }

  function putBack (form) {
    const kept = JSON.parse(store.getItem(nameOf(form)) || 'null')
    if (!kept) return
    const changed = fieldsOf(form).filter(field => field.name in kept && !CONTEXT.includes(field.name) && kept[field.name] !== field.value)
    if (!changed.length) return
    fieldsOf(form).forEach(function (field) { if (field.name in kept) field.value = kept[field.name] })
    const note = document.createElement('div')
    note.className = 'usa-alert usa-alert--info usa-alert--slim portal-kept'
    note.setAttribute('role', 'status')
    note.innerHTML = '<div class="usa-alert__body"><p class="usa-alert__text"></p></div>'
    note.querySelector('p').textContent = 'What you had typed here was put back' + (form.hasAttribute('data-autosave') ? '.' : '; it is not sent yet.')
    form.prepend(note)
  }

  if (!reader) {
    if (signingIn) {
      if (keys().length) store.setItem('kept-interrupted', 'yes')
    } else {
      keys().forEach(key => store.removeItem(key))
      store.removeItem('kept-sent')
    }
    return
  }
  keys().filter(key => !key.startsWith('kept:' + reader + ':')).forEach(key => store.removeItem(key))
  if (interrupted) {
    store.setItem('kept-interrupted', 'yes')
    return
  }
  const forms = Array.from(document.querySelectorAll('main form[method="post"]')).filter(form => form.querySelector('textarea, input[type="text"]'))
  if (store.getItem('kept-interrupted')) {
    store.removeItem('kept-interrupted')
    forms.forEach(putBack)
  } else if (store.getItem('kept-sent')) {
    store.removeItem(store.getItem('kept-sent'))
  }
  store.removeItem('kept-sent')
  forms.forEach(function (form) {
    form.addEventListener('input', function () { keep(form) })
    form.addEventListener('kept', function () { keep(form) })
    form.addEventListener('submit', function () { store.setItem('kept-sent', nameOf(form)) })
  })
})()
