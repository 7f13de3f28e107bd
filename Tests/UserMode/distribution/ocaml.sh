# ocaml: the native compiler
# needs: /usr/bin/ocamlopt
# prints: 1000 not found
# packages: ocaml-nox
cat > a.ml <<'E'
module M = Map.Make (Int)
let () =
  let m = List.fold_left (fun m i -> M.add i (string_of_int i) m) M.empty (List.init 1000 Fun.id) in
  Printf.printf "%d %s\n" (M.cardinal m) (try M.find 5000 m with Not_found -> "not found")
E
ocamlopt a.ml -o a 2>/dev/null && ./a
