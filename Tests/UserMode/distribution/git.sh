# git: init, commit, branch, merge, gc, fsck, clone
# needs: /usr/bin/git
# prints: 4 commits merged
# packages: git
export HOME=$PWD GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git init -q -b main one && cd one
echo 1 > a; git add a; git commit -qm one
git checkout -q -b side; echo 2 > b; git add b; git commit -qm two
git checkout -q main; echo 3 > c; git add c; git commit -qm three
git merge -q -m merge side; git gc -q; git fsck --strict 2>/dev/null
cd .. && git clone -q one two && echo $(git -C two log --oneline | wc -l) commits $(test -e two/b && echo merged)
