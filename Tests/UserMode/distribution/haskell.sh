# ghc: compiled, with two capabilities, exceptions, big integers
# needs: /usr/bin/ghc
# prints: 158 caught 5050
# packages: ghc
cat > a.hs <<'E'
import Control.Concurrent
import Control.Exception
main :: IO ()
main = do
  box <- newEmptyMVar
  mapM_ (\n -> forkIO (putMVar box n)) [1 .. 100 :: Int]
  total <- sum <$> mapM (const (takeMVar box)) [1 .. 100 :: Int]
  said <- try (evaluate (1 `div` (total - 5050))) :: IO (Either ArithException Int)
  putStrLn (show (length (show (product [1 .. 100 :: Integer]))) ++ either (const " caught ") (const " lost ") said ++ show total)
E
ghc -O -threaded -rtsopts a.hs -o a > log 2>&1 && ./a +RTS -N2
