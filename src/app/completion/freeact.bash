# bash completion for freeact: source <(freeact completion bash)

_freeact() {
  local words=() word glued='' typed kept
  # bash cuts words at '=' too; what stands there without a blank is one word of ours.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ${#words[@]} -gt 0 && ($word == = || -n $glued) ]]; then words[-1]+=$word; else words+=("$word"); fi
    if [[ $word == = ]]; then glued=yes; else glued=''; fi
  done
  typed=${words[-1]}
  mapfile -t COMPREPLY < <("${COMP_WORDS[0]/#\~/$HOME}" complete "${words[@]}" 2>/dev/null | cut -f 1)
  if [[ ${COMPREPLY[0]} == *[=.] ]]; then compopt -o nospace; fi
  if [[ $typed == *=* && $COMP_WORDBREAKS == *=* ]]; then  # bash puts in what follows the '=' alone
    kept=${typed%%=*}=
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
  fi
}

# Files where freeact has nothing to offer.
complete -o bashdefault -o default -F _freeact freeact
