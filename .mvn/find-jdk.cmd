@REM Called by mvnw.cmd: points JAVA_HOME at a JDK that can build mill, or stops with one line that says what to install.
@REM A JDK fits when its `release` file says version 25 or newer and it has a compiler. JAVA_HOME comes first, then the
@REM usual install folders; the first that fits wins.
@ECHO OFF
SET "MILL_JDK="
IF NOT "%JAVA_HOME%"=="" CALL :consider "%JAVA_HOME%"
FOR /D %%D IN ("%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Java\*" "%ProgramFiles%\Microsoft\jdk-*" "%ProgramFiles%\Zulu\*" "%ProgramFiles%\Amazon Corretto\*" "%ProgramFiles%\BellSoft\*" "%USERPROFILE%\.jdks\*") DO CALL :consider "%%~D"
IF "%MILL_JDK%"=="" (
  ECHO mill needs a JDK 25 or newer and found none: install one, for example Eclipse Temurin 25, or set JAVA_HOME to its folder. 1>&2
  EXIT /B 2
)
SET "JAVA_HOME=%MILL_JDK%"
SET "MILL_JDK="
EXIT /B 0

:consider
IF NOT "%MILL_JDK%"=="" EXIT /B 0
IF NOT EXIST "%~1\bin\javac.exe" EXIT /B 0
IF NOT EXIST "%~1\release" EXIT /B 0
FOR /F "tokens=2 delims==" %%V IN ('findstr /B "JAVA_VERSION=" "%~1\release"') DO (
  FOR /F "tokens=1 delims=.-+" %%M IN ("%%~V") DO IF %%M GEQ 25 SET "MILL_JDK=%~1"
)
EXIT /B 0
