#compdef freeact
# zsh completion for freeact: source <(freeact completion zsh)

_freeact() {
  local line
  local -a names shown open open_shown
  for line in ${(f)"$("${words[1]/#\~/$HOME}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
    if [[ ${line%%$'\t'*} == *[=.] ]]; then  # goes on without a blank
      open+=("${line%%$'\t'*}")
      open_shown+=("${line/$'\t'/  -- }")
    else
      names+=("${line%%$'\t'*}")
      shown+=("${line/$'\t'/  -- }")
    fi
  done
  if (( ! $#names && ! $#open )); then  # files, also behind the '=' of a setting
    compset -P '*='
    _files
    return
  fi
  (( $#names )) && compadd -l -d shown -a names
  (( $#open )) && compadd -S '' -l -d open_shown -a open
}

if [[ $funcstack[1] == _freeact ]]; then _freeact "$@"; else compdef _freeact freeact; fi
